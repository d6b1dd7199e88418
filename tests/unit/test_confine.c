/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a server can still do. Each attempt is made in a process that has been confined, by a system
 * call and not through libc, which might not even try.
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
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "log.h"
#include "privs.h"

enum { DONE, REFUSED, NOT_CONFINED };

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

static void *thread_body(void *arg)
{
	free(malloc(1 << 20));
	return arg;
}

/* What it is there for, it can. */
static long its_work(void)
{
	char byte = 'x';
	pthread_t thread;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) || write(fds[1], &byte, 1) != 1 || read(fds[0], &byte, 1) != 1 ||
	    pthread_create(&thread, NULL, thread_body, NULL) || pthread_join(thread, NULL))
		return -1;
	return 0;
}

static const struct attempt {
	const char *what;
	long (*try)(void);
	int expected;
} attempts[] = {
	{ "make a BPF map", bpf_map, REFUSED },
	{ "load a BPF program", bpf_load, REFUSED },
	{ "read a file", read_file, REFUSED },
	{ "read a file by its handle", read_file_by_handle, REFUSED },
	{ "open a path", open_path, REFUSED },
	{ "look at a file", look_at_file, REFUSED },
	{ "find a file", find_file, REFUSED },
	{ "follow a link", follow_link, REFUSED },
	{ "make a file", make_file, REFUSED },
	{ "write to a file", write_file, REFUSED },
	{ "empty a file", empty_file, REFUSED },
	{ "make a socket", new_socket, REFUSED },
	{ "run a program", run_program, REFUSED },
	{ "fork", new_process, REFUSED },
	{ "become root", become_root, REFUSED },
	{ "take a capability", take_capability, REFUSED },
	{ "trace its parent", trace_parent, REFUSED },
	{ "signal its parent", signal_parent, REFUSED },
	{ "read its parent's memory", read_parent, REFUSED },
	{ "make code of data", code_from_data, REFUSED },
	{ "open a perf event", perf_event, REFUSED },
	{ "mount a file system", mount_something, REFUSED },
	{ "write, read and have threads", its_work, DONE },
};

static int attempt(const struct attempt *a)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		long ret;

		if (privs__confine())
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
		int got = attempt(&attempts[i]);

		if (got != attempts[i].expected)
			fail_msg("%s: %d, not %d", attempts[i].what, got, attempts[i].expected);
	}
}

/* The list of attempts is worth something only if they succeed otherwise. */
static void test_unconfined(void **state)
{
	int fd = read_file();

	assert_true(fd >= 0);
	close(fd);
	fd = open_path();
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(look_at_file(), 0);
	assert_int_equal(find_file(), 0);
	assert_true(follow_link() > 0);
	fd = new_socket();
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(signal_parent(), 0);
	assert_int_equal(code_from_data(), 0);
}

static void test_parent_dies(void **state)
{
	int fds[2];
	char byte;
	pid_t parent;

	assert_int_equal(pipe(fds), 0);
	parent = fork();
	if (!parent) {
		if (!fork()) {
			close(fds[0]);
			if (!privs__confine() && write(fds[1], "x", 1) == 1)
				for (;;)
					sleep(100);
			_exit(1);
		}
		close(fds[1]);
		for (;;)
			sleep(100);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	/* The end of the pipe is seen when nobody has it open any more. */
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}

static void test_close_others(void **state)
{
	int keep = open("/dev/null", O_RDONLY), other = open("/dev/null", O_RDONLY), status;
	pid_t pid = fork();

	if (!pid) {
		privs__close_others(&keep, 1);
		_exit(fcntl(keep, F_GETFD) >= 0 && fcntl(other, F_GETFD) < 0 &&
		      fcntl(2, F_GETFD) >= 0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 1);
	close(keep);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unconfined),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_parent_dies),
		cmocka_unit_test(test_close_others),
	};

	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
