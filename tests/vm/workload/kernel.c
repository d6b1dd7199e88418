/* SPDX-License-Identifier: GPL-2.0-only */
/* Other system calls: without arguments, BPF maps, the host name, TCP. */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <netinet/in.h>
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

const struct operation kernel_operations[] = {
	{ "without-arguments", .call = without_arguments },
	{ "map-lookup", .call = map_lookup, .set_up = make_map },
	{ "hostname", .call = set_hostname, .set_up = get_hostname },
	{ "hostname-refused", .call = set_hostname, .set_up = become_nobody },
	{ "tcp-send", .call = send_byte, .set_up = connect_to_self },
	{ "tcp-send-mapped", .call = send_byte, .set_up = connect_to_mapped },
	{},
};
