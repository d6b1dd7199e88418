/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a confined server can still do. Each attempt runs in a confined process of its own. It makes
 * the system call directly, because libc might not even try. Built without sanitizers, which make
 * system calls of their own. test_seccomp.c goes through all system call numbers.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/log.h"
#include "confine_fixture.h"

enum { DONE, REFUSED, NOT_CONFINED };

/* The sockets of a server, and its client. */
static int listener, client, connection;

static void open_sockets(void)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	listener = open_listener();
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (getsockname(listener, (struct sockaddr *)&in, &len) ||
	    connect(client, (struct sockaddr *)&in, len))
		_exit(NOT_CONFINED);
	connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
}

static long bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static long bpf_load(void)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static long read_file(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static long read_file_by_handle(void)
{
	union {
		struct file_handle head;
		char space[256];
	} handle = { .head.handle_bytes = 128 };
	int mount;

	if (syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc/passwd", &handle, &mount, 0))
		return -1;
	return syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY);
}

static long open_path(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY);
}

static long look_at_file(void)
{
	struct stat st;

	return syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0);
}

static long find_file(void)
{
	return syscall(SYS_faccessat, AT_FDCWD, "/etc/passwd", R_OK);
}

static long follow_link(void)
{
	char target[64];

	return syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", target, sizeof(target));
}

static long make_file(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/tmp/retprobe-test-confine", O_CREAT | O_WRONLY,
		       0600);
}

static long write_file(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);
}

static long empty_file(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_TRUNC);
}

static long new_socket(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long run_program(void)
{
	char *const argv[] = { "/bin/true", NULL };

	return syscall(SYS_execve, argv[0], argv, NULL);
}

static long new_process(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long become_root(void)
{
	return syscall(SYS_setresuid, 0, 0, 0);
}

static long take_capability(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct all[2] = { { ~0U, ~0U, 0 }, { ~0U, ~0U, 0 } };

	return syscall(SYS_capset, &head, all);
}

static long trace_parent(void)
{
	return syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0);
}

static long signal_parent(void)
{
	return syscall(SYS_kill, getppid(), SIGCONT);
}

static long read_parent(void)
{
	char byte;
	struct {
		void *p;
		size_t n;
	} local = { &byte, 1 }, remote = { &byte, 1 };

	return syscall(SYS_process_vm_readv, getppid(), &local, 1, &remote, 1, 0);
}

static long code_from_data(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return syscall(SYS_mprotect, p, 4096, PROT_READ | PROT_EXEC);
}

static long perf_event(void)
{
	return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
}

static long mount_something(void)
{
	return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}

static long code_from_nothing(void)
{
	return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) == -1
		       ? -1
		       : 0;
}

static long map_descriptor(void)
{
	return syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_SHARED, listener, 0) == -1 ? -1 : 0;
}

static long punch_hole(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return syscall(SYS_madvise, p, 4096, MADV_REMOVE);
}

static const struct sockaddr_in elsewhere = { .sin_family = AF_INET,
					      .sin_port = 9,
					      .sin_addr.s_addr = 0x0100007f };

/* A socket that is not connected, where an older kernel could allow it. */
static long send_to_address(void)
{
	return syscall(SYS_sendto, connection, "x", 1, MSG_NOSIGNAL, &elsewhere, sizeof(elsewhere));
}

static long connect_by_sending(void)
{
	return syscall(SYS_sendto, connection, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, NULL, 0);
}

static long connect_by_message(void)
{
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_name = (void *)&elsewhere,
			      .msg_namelen = sizeof(elsewhere),
			      .msg_iov = &iov,
			      .msg_iovlen = 1 };

	return syscall(SYS_sendmsg, connection, &msg, MSG_FASTOPEN | MSG_NOSIGNAL);
}

static long shut_listener(void)
{
	return syscall(SYS_shutdown, listener, SHUT_RD);
}

/* The kernel does not look at the upper half. */
static long shut_listener_otherwise(void)
{
	return syscall(SYS_shutdown, (1UL << 32) + listener, SHUT_RD);
}

static long tune_listener(void)
{
	int one = 1;

	return syscall(SYS_setsockopt, listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static long filter_socket(void)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &nothing };

	return syscall(SYS_setsockopt, connection, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program));
}

static long listen_again(void)
{
	return syscall(SYS_listen, listener, 1);
}

static long who_is_there(void)
{
	struct {
		int pid, uid, gid;
	} peer;
	socklen_t len = sizeof(peer);

	return syscall(SYS_getsockopt, connection, SOL_SOCKET, SO_PEERCRED, &peer, &len);
}

static long own_socket(void)
{
	return syscall(SYS_fcntl, listener, F_SETOWN, getppid());
}

static long choose_signal(void)
{
	return syscall(SYS_fcntl, listener, F_SETSIG, SIGCONT);
}

static long make_blocking(void)
{
	return syscall(SYS_fcntl, listener, F_SETFL, O_ASYNC);
}

static long copy_descriptor(void)
{
	return syscall(SYS_fcntl, listener, F_DUPFD, 100);
}

static long copy_over_standard_error(void)
{
	return syscall(SYS_dup3, listener, 2, 0);
}

static long signal_parents_thread(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), SIGCONT);
}

static long signal_itself(void)
{
	return syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0);
}

static long become_dumpable(void)
{
	return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long gather(void)
{
	struct iovec iov = { "x", 1 };

	return syscall(SYS_writev, client, &iov, 1);
}

static long raise_limit(void)
{
	const struct rlimit r = { 1, 1 };

	return syscall(SYS_prlimit64, 0, RLIMIT_CORE, &r, NULL);
}

static long other_user_space(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
}

static long other_process_of_the_same_memory(void)
{
	return syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
}

static void *thread_body(void *arg)
{
	free(malloc(1 << 20));
	return arg;
}

/* What a server needs is allowed. */
static long its_work(void)
{
	struct iovec iov = { "y", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int on = 1;
	pthread_t thread;
	char byte;

	if (send(connection, "x", 1, MSG_NOSIGNAL) != 1 || recv(client, &byte, 1, 0) != 1 ||
	    sendmsg(connection, &msg, MSG_NOSIGNAL | MSG_MORE) != 1 ||
	    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    accept4(listener, NULL, NULL, SOCK_NONBLOCK) != -1 || errno != EAGAIN ||
	    shutdown(connection, SHUT_RDWR) || close(connection) ||
	    pthread_create(&thread, NULL, thread_body, NULL) || pthread_join(thread, NULL))
		return -1;
	return 0;
}

static const struct attempt {
	const char *what;
	long (*try)(void);
	bool free; /* succeeds without confinement */
	int expected;
} attempts[] = {
	{ "make a BPF map", bpf_map, false, REFUSED },
	{ "load a BPF program", bpf_load, false, REFUSED },
	{ "read a file", read_file, true, REFUSED },
	{ "read a file by its handle", read_file_by_handle, false, REFUSED },
	{ "open a path", open_path, true, REFUSED },
	{ "look at a file", look_at_file, true, REFUSED },
	{ "find a file", find_file, true, REFUSED },
	{ "follow a link", follow_link, true, REFUSED },
	{ "make a file", make_file, false, REFUSED },
	{ "write to a file", write_file, true, REFUSED },
	{ "empty a file", empty_file, true, REFUSED },
	{ "make a socket", new_socket, true, REFUSED },
	{ "run a program", run_program, true, REFUSED },
	{ "fork", new_process, true, REFUSED },
	{ "become root", become_root, true, REFUSED },
	{ "take a capability", take_capability, false, REFUSED },
	{ "trace its parent", trace_parent, false, REFUSED },
	{ "signal its parent", signal_parent, true, REFUSED },
	{ "read its parent's memory", read_parent, false, REFUSED },
	{ "make code of data", code_from_data, true, REFUSED },
	{ "open a perf event", perf_event, false, REFUSED },
	{ "mount a file system", mount_something, false, REFUSED },
	{ "make code of nothing", code_from_nothing, true, REFUSED },
	{ "punch a hole into shared memory", punch_hole, true, REFUSED },
	{ "send to an address", send_to_address, true, REFUSED },
	{ "shut a socket that listens", shut_listener, true, REFUSED },
	{ "shut it, by another number", shut_listener_otherwise, true, REFUSED },
	{ "tune it", tune_listener, true, REFUSED },
	{ "filter a socket", filter_socket, true, REFUSED },
	{ "listen again", listen_again, true, REFUSED },
	{ "ask for the peer", who_is_there, true, REFUSED },
	{ "have a socket's signals sent", own_socket, true, REFUSED },
	{ "choose the signal", choose_signal, true, REFUSED },
	{ "change a descriptor's flags", make_blocking, true, REFUSED },
	{ "copy a descriptor", copy_descriptor, true, REFUSED },
	{ "replace one descriptor by another", copy_over_standard_error, true, REFUSED },
	{ "signal its parent's thread", signal_parents_thread, true, REFUSED },
	{ "become dumpable", become_dumpable, true, REFUSED },
	{ "write from many places", gather, true, REFUSED },
	{ "raise a limit", raise_limit, true, REFUSED },
	{ "have other users", other_user_space, true, REFUSED },
	{ "make a process of the same memory", other_process_of_the_same_memory, false, REFUSED },
	{ "map a descriptor", map_descriptor, false, REFUSED },
	{ "connect by sending", connect_by_sending, false, REFUSED },
	{ "connect by a message", connect_by_message, false, REFUSED },
	{ "signal itself", signal_itself, true, DONE },
	{ "serve, and have threads", its_work, true, DONE },
};

static int attempt(const struct attempt *a, bool confined)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		long ret;

		open_sockets();
		if (confined && confine(&listener, 1))
			_exit(NOT_CONFINED);
		errno = 0;
		ret = a->try();
		if (ret >= 0)
			_exit(DONE);
		_exit(errno == EPERM ? REFUSED : 100 + errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void test_attempts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		int got = attempt(&attempts[i], true);

		if (got != attempts[i].expected)
			fail_msg("%s: %d, not %d", attempts[i].what, got, attempts[i].expected);
	}
}

/* The attempts only prove something if they succeed without confinement. */
static void test_unconfined(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		int got = attempts[i].free ? attempt(&attempts[i], false) : DONE;

		if (got != DONE)
			fail_msg("%s: %d, and nobody is confined", attempts[i].what, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unconfined),
		cmocka_unit_test(test_attempts),
	};

	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests_name("confine", tests, NULL, NULL);
}
