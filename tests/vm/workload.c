/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes an exact number of calls of known result, and says in one line of JSON what it did:
 *
 *	workload OPERATION THREADS CALLS [ARGUMENT]
 *
 * CALLS are shared evenly by the threads, which start together. `ns` is the time spent in all calls
 * by this program's own clock, read around each: a probe inside the call must measure less.
 *
 * Sleepers are waited for until the kernel says that they are in their call. With the ARGUMENT
 * "held" the workload then says "asleep" on stderr, and wakes them at a line on its stdin.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 1024
#define RECURSION                                                                      \
	20 /* levels of user-recursion, and of user-deep: more than the kernel follows \
	    */
#define DEEP 100

static pthread_barrier_t start;
static const char *argument;
static int shared_fd;
static pid_t dead_pid;

struct worker {
	pthread_t thread;
	const struct operation *op;
	int number;
	pid_t tid; /* 0 until it is known */
	long calls;
	uint64_t ok, failed, ns, min_ns, max_ns;
	int error; /* errno of the failed ones */
	timer_t timer;
	char path[256];
};

struct operation {
	const char *name;
	long (*call)(struct worker *w, long i); /* < 0: failed, errno set */
	int (*set_up)(void);
	int (*prepare)(struct worker *w);
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- operations ---------------------------------------------------------------------------- */

static long unlink_missing(struct worker *w, long i)
{
	return unlink("/tmp/retprobe-no-such-file");
}

static int prepare_path(struct worker *w)
{
	snprintf(w->path, sizeof(w->path), "/tmp/retprobe-%d-%d", getpid(), w->number);
	return 0;
}

static int make_file(struct worker *w)
{
	int fd = open(w->path, O_CREAT | O_WRONLY, 0600);

	if (fd < 0)
		die(w->path);
	return close(fd);
}

static long unlink_existing(struct worker *w, long i)
{
	return unlink(w->path);
}

static long getpgid_live(struct worker *w, long i)
{
	return syscall(SYS_getpgid, 0);
}

/* As 32-bit programs make it; its number is that of another call of 64-bit programs. */
static long getsid_compat(struct worker *w, long i)
{
#if defined(__x86_64__)
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(147L), "b"(0L)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
#else
	errno = ENOSYS;
	return -1;
#endif
}

/* System calls without arguments. */
static long without_arguments(struct worker *w, long i)
{
	syscall(SYS_munlockall);
	close(syscall(SYS_inotify_init));
	syscall(SYS_vhangup);
	syscall(SYS_getegid);
	syscall(SYS_geteuid);
	syscall(SYS_getgid);
	return syscall(SYS_getuid);
}

static int find_dead_pid(void)
{
	dead_pid = fork();
	if (!dead_pid)
		_exit(0);
	return waitpid(dead_pid, NULL, 0) == dead_pid ? 0 : -1;
}

static long getpgid_dead(struct worker *w, long i)
{
	return syscall(SYS_getpgid, dead_pid);
}

static int open_zero(void)
{
	shared_fd = open("/dev/zero", O_RDONLY);
	return shared_fd;
}

static long read_zero(struct worker *w, long i)
{
	char buf[4096];

	return read(shared_fd, buf, atoi(argument));
}

/* Waits until a task is in msgrcv(2), asleep. `tid` may still become known. */
static void wait_asleep(const pid_t *tid)
{
	char path[64], text[64];
	FILE *f;

	for (;; usleep(2000)) {
		pid_t task = __atomic_load_n(tid, __ATOMIC_ACQUIRE);

		snprintf(path, sizeof(path), "/proc/%d/syscall", task);
		f = task ? fopen(path, "re") : NULL;
		if (task && !f)
			die(path);
		if (!f)
			continue;
		/* "running", or the number and more. */
		if (!fgets(text, sizeof(text), f))
			text[0] = '\0';
		fclose(f);
		if (text[0] && text[0] != 'r' && atol(text) == SYS_msgrcv)
			return;
	}
}

/* Asleep in msgrcv(2) until the message comes that main() sends to each. */
static int open_queue(void)
{
	shared_fd = msgget(IPC_PRIVATE, 0600);
	return shared_fd;
}

struct message {
	long type;
	char text[8];
};

static long msgrcv_sleep(struct worker *w, long i)
{
	struct message m;

	return msgrcv(shared_fd, &m, sizeof(m.text), w->number + 1, 0);
}

/* Asleep in msgrcv(2) until killed there; the call returns on the way out. */
static long msgrcv_killed(struct worker *w, long i)
{
	struct message m;
	pid_t child = fork();

	if (!child) {
		msgrcv(shared_fd, &m, sizeof(m.text), w->number + 1, 0);
		_exit(0);
	}
	wait_asleep(&child);
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

/* argument: a path. */
static long list_xattrs(struct worker *w, long i)
{
	return listxattr(argument, NULL, 0);
}

static long nanosleep_shortly(struct worker *w, long i)
{
	return nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

#define TIMER_SIGNAL SIGRTMIN

static int block_timer_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, TIMER_SIGNAL);
	return pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int make_timer(struct worker *w)
{
	struct sigevent e = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TIMER_SIGNAL };

	e._sigev_un._tid = gettid();
	return timer_create(CLOCK_MONOTONIC, &e, &w->timer);
}

/* Asleep until a timer of its own goes off, in a hard interrupt. */
static long timer_wait(struct worker *w, long i)
{
	struct itimerspec t = { .it_value.tv_nsec = 200000 };
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, TIMER_SIGNAL);
	return timer_settime(w->timer, 0, &t, NULL) || sigwait(&set, &signal) ? -1 : 0;
}

/*
 * Signals that nobody wants, sent by kill(2), while timers of other processes go off all the time
 * and send theirs from hard interrupts, by the same functions of the kernel. All on one CPU.
 */
#define TIMER_PROCESSES 4

static pid_t timer_processes[TIMER_PROCESSES];

static void ignore_alarm(int signal)
{
}

static int start_timers(void)
{
	struct itimerval t = { { 0, 97 }, { 0, 97 } };
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		return -1;
	for (int i = 0; i < TIMER_PROCESSES; i++) {
		timer_processes[i] = fork();
		if (timer_processes[i] < 0)
			return -1;
		if (timer_processes[i])
			continue;
		signal(SIGALRM, ignore_alarm);
		t.it_interval.tv_usec += 26 * i; /* not in step */
		setitimer(ITIMER_REAL, &t, NULL);
		for (;;)
			pause();
	}
	return 0;
}

static void stop_timers(void)
{
	for (int i = 0; i < TIMER_PROCESSES; i++) {
		kill(timer_processes[i], SIGKILL);
		waitpid(timer_processes[i], NULL, 0);
	}
}

static long signal_self(struct worker *w, long i)
{
	return kill(getpid(), SIGURG);
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

	/* Before 5.11 maps are charged to it. */
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

/* argument: the key, 1 exists and others do not. */
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

/* A different one each time, that nobody has, from `argument` on. */
static long getpgid_many(struct worker *w, long i)
{
	return syscall(SYS_getpgid, atoi(argument) + w->number * w->calls + i);
}

/* System calls whose first argument is a process ID, each with a different ID, from `argument` on.
 */
static long ask_about_pid(struct worker *w, long i)
{
	long pid = atoi(argument) + w->number * w->calls + i;
	char answer[256];

	syscall(SYS_getsid, pid);
	syscall(SYS_sched_getscheduler, pid);
	syscall(SYS_sched_getaffinity, pid, sizeof(answer), answer);
	syscall(SYS_tkill, pid, 0);
	syscall(SYS_sched_getattr, pid, answer, sizeof(answer), 0);
	return syscall(SYS_prlimit64, pid, RLIMIT_CPU, NULL, answer);
}

/* Fails with EINVAL, EFAULT and ESRCH in turn, with a third argument that counts from `argument`
 * on. */
static long fail_in_turn(struct worker *w, long i, int nr, pid_t invalid)
{
	const struct {
		pid_t pid;
		uintptr_t answer;
	} calls[] = { { invalid, 0 }, { 0, 1 }, { 1 << 30, 1 } };

	return syscall(nr, calls[i % 3].pid, calls[i % 3].answer,
		       atoi(argument) + (w->number * w->calls + i) / 3);
}

static long getparam_failing(struct worker *w, long i)
{
	return fail_in_turn(w, i, SYS_sched_getparam, 0);
}

static long get_interval_failing(struct worker *w, long i)
{
	return fail_in_turn(w, i, SYS_sched_rr_get_interval, -1);
}

/* A process in a cgroup that is there for it alone. */
static long getsid_in_cgroup(struct worker *w, long i)
{
	static const char path[] = "/sys/fs/cgroup/once";
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	pid_t pid;

	if (mkdir(path, 0755))
		return -1;
	args.cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		_exit(getsid(0) < 0);
	close(args.cgroup);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		return -1;
	return rmdir(path);
}

/* Both return a different number each time. */
static long preadv_many(struct worker *w, long i)
{
	char answer[4096];

	return preadv(shared_fd, &(struct iovec){ answer, w->number * w->calls + i }, 1, 0);
}

static long lseek_many(struct worker *w, long i)
{
	return lseek(shared_fd, w->number * w->calls + i, SEEK_SET);
}

static long msgrcv_invalid(struct worker *w, long i)
{
	struct message m;

	return msgrcv(0x7ffffff, &m, sizeof(m.text), 0, IPC_NOWAIT);
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

static int open_file(void)
{
	shared_fd = open(argument, O_RDONLY);
	return shared_fd;
}

static int create_file(void)
{
	shared_fd = open(argument, O_WRONLY | O_CREAT, 0600);
	return shared_fd;
}

static long read_byte(struct worker *w, long i)
{
	char byte;

	return pread(shared_fd, &byte, 1, 0);
}

static long write_byte(struct worker *w, long i)
{
	return pwrite(shared_fd, "x", 1, 0);
}

/* Two ends on loopback; what is sent is sent by the one whose own port is `argument`. */
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

static long send_byte(struct worker *w, long i)
{
	return send(shared_fd, "x", 1, 0);
}

/*
 * User functions, to be probed by name in this binary. They must not be inlined, cloned, or turned
 * into loops.
 */
long workload_function(long v);
long workload_recursion(long depth);

__attribute__((noipa)) long workload_function(long v)
{
	return v;
}

__attribute__((noipa)) long workload_recursion(long depth)
{
	long below = depth ? workload_recursion(depth - 1) + 1 : 0;

	asm volatile("" : "+r"(below)); /* a real call at every level */
	return below;
}

static long user_function(struct worker *w, long i)
{
	return workload_function(atol(argument)), 0;
}

/* One function for each of the mechanisms that are tested at once. */
long workload_first(long v), workload_second(long v), workload_third(long v),
	workload_fourth(long v);

__attribute__((noipa)) long workload_first(long v)
{
	return v;
}

__attribute__((noipa)) long workload_second(long v)
{
	return v;
}

__attribute__((noipa)) long workload_third(long v)
{
	return v;
}

__attribute__((noipa)) long workload_fourth(long v)
{
	return v;
}

static long user_functions(struct worker *w, long i)
{
	long v = atol(argument);

	workload_first(v);
	workload_second(v);
	workload_third(v);
	workload_fourth(v);
	return 0;
}

static long user_recursion(struct worker *w, long i)
{
	return workload_recursion(RECURSION - 1);
}

long workload_left(void **out);

/* Not by longjmp(3), whose mere presence would have another mechanism chosen. */
__attribute__((noipa)) long workload_left(void **out)
{
	__builtin_longjmp(out, 1);
}

/* Leaves functions so that they never return, and then calls some that do. */
static long user_left(struct worker *w, long i)
{
	void *out[5];

	if (!__builtin_setjmp(out))
		workload_left(out);
	return workload_recursion(RECURSION - 1);
}

static long user_deep(struct worker *w, long i)
{
	return workload_recursion(DEEP - 1);
}

/*
 * Calls that leave time to others, until CALLS rounds are made or SIGTERM comes. A round of
 * `stream` is 5 calls of each system call; one of `bursts` is 20, and 10 of the user function.
 */
static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = 1;
}

static int stop_on_signal(void)
{
	return signal(SIGTERM, stop) == SIG_ERR ? -1 : 0;
}

static long stream(struct worker *w, long i)
{
	for (int j = 0; j < 5; j++) {
		getpgid_live(w, i);
		unlink_missing(w, i);
	}
	return usleep(5000);
}

static long bursts(struct worker *w, long i)
{
	for (int j = 0; j < 20; j++) {
		getpgid_live(w, i);
		msgrcv_invalid(w, i);
		if (j % 2)
			workload_function(7);
	}
	return usleep(5000);
}

static const struct operation operations[] = {
	{ "unlink-missing", unlink_missing, NULL, NULL },
	{ "unlink-existing", unlink_existing, NULL, prepare_path },
	{ "getpgid-live", getpgid_live, NULL, NULL },
	{ "getsid-compat", getsid_compat, NULL, NULL },
	{ "getpgid-dead", getpgid_dead, find_dead_pid, NULL },
	{ "without-arguments", without_arguments, NULL, NULL },
	{ "read-zero", read_zero, open_zero, NULL },
	{ "msgrcv-sleep", msgrcv_sleep, open_queue, NULL },
	{ "msgrcv-killed", msgrcv_killed, open_queue, NULL },
	{ "listxattr", list_xattrs, NULL, NULL },
	{ "nanosleep", nanosleep_shortly, NULL, NULL },
	{ "timers", timer_wait, block_timer_signal, make_timer },
	{ "signals", signal_self, start_timers, NULL },
	{ "map-lookup", map_lookup, make_map, NULL },
	{ "getpgid-many", getpgid_many, NULL, NULL },
	{ "by-pid", ask_about_pid, NULL, NULL },
	{ "getparam-failing", getparam_failing, NULL, NULL },
	{ "interval-failing", get_interval_failing, NULL, NULL },
	{ "getsid-in-cgroup", getsid_in_cgroup, NULL, NULL },
	{ "preadv-many", preadv_many, open_zero, NULL },
	{ "lseek-many", lseek_many, open_file, NULL },
	{ "msgrcv-invalid", msgrcv_invalid, NULL, NULL },
	{ "hostname", set_hostname, get_hostname, NULL },
	{ "hostname-refused", set_hostname, become_nobody, NULL },
	{ "read-file", read_byte, open_file, NULL },
	{ "write-file", write_byte, create_file, NULL },
	{ "tcp-send", send_byte, connect_to_self, NULL },
	{ "user-function", user_function, NULL, NULL },
	{ "user-functions", user_functions, NULL, NULL },
	{ "user-recursion", user_recursion, NULL, NULL },
	{ "user-left", user_left, NULL, NULL },
	{ "user-deep", user_deep, NULL, NULL },
	{ "stream", stream, stop_on_signal, NULL },
	{ "bursts", bursts, stop_on_signal, NULL },
	{},
};

/* ---- running ------------------------------------------------------------------------------- */

static void *work(void *arg)
{
	struct worker *w = arg;
	bool needs_file = w->op->call == unlink_existing;

	if (w->op->prepare && w->op->prepare(w))
		die(w->op->name);
	w->min_ns = UINT64_MAX;
	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	pthread_barrier_wait(&start);
	for (long i = 0; i < w->calls && !stopped; i++) {
		uint64_t t, d;
		long ret;

		if (needs_file)
			make_file(w);
		t = now_ns();
		ret = w->op->call(w, i);
		d = now_ns() - t;
		w->ns += d;
		w->min_ns = d < w->min_ns ? d : w->min_ns;
		w->max_ns = d > w->max_ns ? d : w->max_ns;
		if (ret < 0) {
			w->failed++;
			w->error = errno;
		} else {
			w->ok++;
		}
	}
	return NULL;
}

/* Wakes the sleepers, once they are all asleep, and have been for some time. */
static void send_messages(const struct worker *workers, int threads, long calls)
{
	bool held = !strcmp(argument, "held");
	struct message m = { .text = "wake" };

	for (long round = 0; round < calls / threads; round++) {
		for (int i = 0; i < threads; i++)
			wait_asleep(&workers[i].tid);
		if (held && !round) {
			fprintf(stderr, "asleep\n");
			getchar();
		} else if (!held) {
			usleep(1000 * atoi(argument));
		}
		for (int i = 0; i < threads; i++) {
			m.type = i + 1;
			if (msgsnd(shared_fd, &m, sizeof(m.text), 0))
				die("msgsnd");
		}
	}
}

/* Runs on each CPU: an interrupt that woke us on one may still have to end on another. */
static void visit_cpus(void)
{
	cpu_set_t set;

	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
}

int main(int argc, char **argv)
{
	static struct worker workers[MAX_THREADS];
	const struct operation *op = operations;
	uint64_t ok = 0, failed = 0, ns = 0, min = UINT64_MAX, max = 0;
	int threads = argc > 3 ? atoi(argv[2]) : 0, error = 0;
	long calls = argc > 3 ? atol(argv[3]) : 0;

	argument = argc > 4 ? argv[4] : "1";
	while (argc > 3 && op->name && strcmp(op->name, argv[1]))
		op++;
	if (threads < 1 || threads > MAX_THREADS || calls % threads || !op->name) {
		fprintf(stderr, "usage: workload OPERATION THREADS CALLS [ARGUMENT]; CALLS is a "
				"multiple of THREADS\noperations:");
		for (op = operations; op->name; op++)
			fprintf(stderr, " %s", op->name);
		fprintf(stderr, "\n");
		return 2;
	}
	setpgid(0, 0); /* a guest's first processes have no group that getpgid(2) could tell */
	if (op->set_up && op->set_up() < 0)
		die(op->name);
	pthread_barrier_init(&start, NULL, threads);
	for (int i = 0; i < threads; i++) {
		workers[i] = (struct worker){ .op = op, .number = i, .calls = calls / threads };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			die("pthread_create");
	}
	if (op->call == msgrcv_sleep)
		send_messages(workers, threads, calls);
	for (int i = 0; i < threads; i++) {
		struct worker *w = &workers[i];

		pthread_join(w->thread, NULL);
		ok += w->ok;
		failed += w->failed;
		ns += w->ns;
		min = w->min_ns < min ? w->min_ns : min;
		max = w->max_ns > max ? w->max_ns : max;
		error = w->error ? w->error : error;
	}
	if (op->call == signal_self)
		stop_timers();
	if (op->call == timer_wait)
		visit_cpus();
	if (op->call == msgrcv_sleep)
		msgctl(shared_fd, IPC_RMID, NULL);
	printf("{\"operation\": \"%s\", \"ok\": %lu, \"failed\": %lu, \"errno\": %d, \"ns\": %lu, "
	       "\"min_ns\": %lu, \"max_ns\": %lu}\n",
	       op->name, ok, failed, error, ns, min, max);
	return 0;
}
