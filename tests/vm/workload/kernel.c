/* SPDX-License-Identifier: GPL-2.0-only */
/* Other system calls: without arguments, BPF maps, the host name, TCP. */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "workload.h"

/* System calls without arguments. */
static long without_arguments(struct worker *w, long i)
{
	syscall(SYS_munlockall);
#ifdef SYS_inotify_init
	close(syscall(SYS_inotify_init));
#endif
	syscall(SYS_vhangup);
	syscall(SYS_getegid);
	syscall(SYS_geteuid);
	syscall(SYS_getgid);
	return syscall(SYS_getuid);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_HASH,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 16,
	};
	uint32_t key = 1;
	uint64_t value = 1;

	/* Before 5.11, maps are charged to this limit. */
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	shared_fd = bpf(BPF_MAP_CREATE, &attr);
	if (shared_fd < 0)
		return -1;
	attr = (union bpf_attr){
		.map_fd = shared_fd,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&value,
	};
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

/* argument: the key. 1 exists, others do not. */
static long map_lookup(struct worker *w, long i)
{
	uint32_t key = atoi(argument);
	uint64_t value;
	union bpf_attr attr = {
		.map_fd = shared_fd,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&value,
	};

	return bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

static char hostname[65];

static int get_hostname(void)
{
	return gethostname(hostname, sizeof(hostname) - 1);
}

static int become_nobody(void)
{
	return get_hostname() ? -1 : setresuid(65534, 65534, 65534);
}

static long set_hostname(struct worker *w, long i)
{
	return sethostname(hostname, strlen(hostname));
}

/* Two connected sockets on the loopback interface. The sender's own port is `argument`. */
static int connect_to_self(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argument)) };
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) ||
	    bind(server, (struct sockaddr *)&a, sizeof(a)) || listen(server, 1) ||
	    connect(client, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	shared_fd = accept(server, NULL, NULL);
	return shared_fd;
}

/* The same between IPv6 sockets, whose addresses are those of IPv4: "::ffff:127.0.0.1". */
static int connect_to_mapped(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(argument)) };
	int server = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET6, SOCK_STREAM, 0);

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr);
	if (setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) ||
	    bind(server, (struct sockaddr *)&a, sizeof(a)) || listen(server, 1) ||
	    connect(client, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	shared_fd = client;
	return shared_fd;
}

static long send_byte(struct worker *w, long i)
{
	return send(shared_fd, "x", 1, 0);
}

/* Counts the events of a tracepoint in all threads, as perf does. */
static int count_renames(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.inherit = 1,
	};
	FILE *f = fopen("/sys/kernel/tracing/events/task/task_rename/id", "re");
	int id = 0;

	if (!f || fscanf(f, "%d", &id) != 1)
		return -1;
	fclose(f);
	attr.config = id;
	shared_fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	return shared_fd;
}

static void tell_count(void)
{
	uint64_t n = 0;

	if (read(shared_fd, &n, sizeof(n)) != sizeof(n))
		die("read");
	printf("{\"perf\": %lu}\n", n);
}

/* Each thread has names of its own: "even0", "odd0", ... */
static long rename_thread(struct worker *w, long i)
{
	char name[16];

	snprintf(name, sizeof(name), "%s%d", i % 2 ? "odd" : "even", w->number);
	return prctl(PR_SET_NAME, name);
}

static int ignore_signal(void)
{
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	return 0;
}

static long send_signals(struct worker *w, long i)
{
	return i % 4 ? raise(SIGUSR1) : raise(SIGUSR2);
}

#define FIRST_KEY 3000000 /* processes that do not exist */

static long begin_key(struct worker *w, long i)
{
	syscall(SYS_getsid, FIRST_KEY + call_number(w, i));
	return 0;
}

static long end_key(struct worker *w, long i)
{
	syscall(SYS_getpgid, FIRST_KEY + call_number(w, i));
	return 0;
}

static unsigned long mixed[3]; /* begun, ended, cancelled */

/* Begins, ends and cancels in an order that is the same each time for a thread. argument: number of
 * keys, which all threads use. */
static long mix_keys(struct worker *w, long i)
{
	static const long calls[] = { SYS_getsid, SYS_getsid, SYS_getpgid, SYS_getpgid,
				      SYS_sched_getscheduler };
	uint64_t x = (call_number(w, i) + 1) * 0x9e3779b97f4a7c15ULL;
	unsigned what;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 32;
	what = x % 5;
	__atomic_add_fetch(&mixed[what / 2], 1, __ATOMIC_RELAXED);
	syscall(calls[what], FIRST_KEY + (x >> 8) % atoi(argument));
	return 0;
}

static void tell_mixed(void)
{
	printf("{\"begun\": %lu, \"ended\": %lu, \"cancelled\": %lu}\n", mixed[0], mixed[1],
	       mixed[2]);
}

const struct operation kernel_operations[] = {
	{ "without-arguments", .call = without_arguments },
	{ "map-lookup", .call = map_lookup, .set_up = make_map },
	{ "hostname", .call = set_hostname, .set_up = get_hostname },
	{ "hostname-refused", .call = set_hostname, .set_up = become_nobody },
	{ "tcp-send", .call = send_byte, .set_up = connect_to_self },
	{ "tcp-send-mapped", .call = send_byte, .set_up = connect_to_mapped },
	{ "rename", .call = rename_thread },
	{ "rename-counted", .call = rename_thread, .set_up = count_renames,
	  .tear_down = tell_count },
	{ "begin-keys", .call = begin_key },
	{ "end-keys", .call = end_key },
	{ "mix-keys", .call = mix_keys, .tear_down = tell_mixed },
	{ "ignored-signals", .call = send_signals, .set_up = ignore_signal },
	{},
};
