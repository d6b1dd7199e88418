/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits, users and descriptors of a confined process. Built without sanitizers, as test_confine.c
 * is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/log.h"
#include "process/privs.h"
#include "confine_fixture.h"

/* Runs `child` in a process that has the write end of a pipe. Returns the read end. */
static int fork_with_pipe(pid_t *pid, void (*child)(int out))
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	*pid = fork();
	if (!*pid) {
		close(fds[0]);
		child(fds[1]);
		_exit(1);
	}
	close(fds[1]);
	return fds[0];
}

/* Confines itself, writes a byte, and waits to be killed. */
static void stay_confined(int out)
{
	if (!confine(NULL, 0) && write(out, "x", 1) == 1)
		for (;;)
			sleep(100);
}

static pid_t start_confined(void)
{
	char byte;
	pid_t pid;
	int in = fork_with_pipe(&pid, stay_confined);

	assert_int_equal(read(in, &byte, 1), 1);
	close(in);
	return pid;
}

static void end_confined(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Soft and hard. */
static void assert_limited(pid_t pid, const char *what, unsigned long most)
{
	__cleanup_free char *path = xasprintf("/proc/%d/limits", pid);
	__cleanup_fclose FILE *f = fopen(path, "re");
	char line[256];
	unsigned long soft, hard;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) && strncmp(line, what, strlen(what)))
		;
	assert_int_equal(sscanf(line + strlen(what), "%lu %lu", &soft, &hard), 2);
	assert_in_range(soft, 0, most);
	assert_in_range(hard, 0, most);
}

static void test_limits(void **state)
{
	pid_t pid = start_confined();

	assert_limited(pid, "Max core file size", 0);
	assert_limited(pid, "Max open files", CONFINE_FILES);
	end_confined(pid);
}

/* A process that is not dumpable belongs to root in /proc. */
static void test_dumpable(void **state)
{
	pid_t pid = start_confined();
	__cleanup_free char *path = xasprintf("/proc/%d/fd", pid);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	end_confined(pid);
}

/* As root, without the capabilities to change the user. */
static void confine_as_root(int out)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	dup2(out, STDERR_FILENO);
	syscall(SYS_capget, &head, data);
	data[0].effective &= ~(1U << CAP_SETUID | 1U << CAP_SETGID);
	syscall(SYS_capset, &head, data);
	log__setup(LOG_WARN, LOG_LOGFMT);
	confine(NULL, 0);
}

static void test_root(void **state)
{
	char said[1024] = "";
	pid_t pid;
	int in;

	if (geteuid())
		skip();
	in = fork_with_pipe(&pid, confine_as_root);
	assert_true(read(in, said, sizeof(said) - 1) > 0);
	close(in);
	waitpid(pid, NULL, 0);
	assert_non_null(strstr(said, "level=warn msg=\"the server stays root"));
}

static bool is_null(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* closed: descriptors 0 to 2 to close, as bits. Returns those that are /dev/null afterwards. */
static int open_standard(int closed)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int nulls = 0, next, other = open("/", O_PATH);

		for (int fd = 0; fd <= STDERR_FILENO; fd++)
			closed & 1 << fd ? close(fd) : dup2(other, fd);
		close(other);
		if (!privs__open_standard())
			_exit(100);
		for (int fd = 0; fd <= STDERR_FILENO; fd++)
			nulls |= is_null(fd) << fd;
		next = open("/", O_PATH);
		_exit(next == other ? nulls : 101);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_open_standard(void **state)
{
	for (int closed = 0; closed < 8; closed++)
		assert_int_equal(open_standard(closed), closed);
}

static void start_child(int out)
{
	if (!fork()) {
		stay_confined(out);
		_exit(1);
	}
	close(out);
	for (;;)
		sleep(100);
}

static void test_parent_dies(void **state)
{
	char byte;
	pid_t parent;
	int in = fork_with_pipe(&parent, start_child);

	assert_int_equal(read(in, &byte, 1), 1);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	/* End of file: the confined child has ended, too. */
	assert_int_equal(read(in, &byte, 1), 0);
	close(in);
}

static void test_close_others(void **state)
{
	int keep = open("/dev/null", O_RDONLY), other = open("/dev/null", O_RDONLY), status;
	pid_t pid = fork();

	if (!pid) {
		confine__close_others(&keep, 1);
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
		cmocka_unit_test(test_limits),	    cmocka_unit_test(test_dumpable),
		cmocka_unit_test(test_root),	    cmocka_unit_test(test_open_standard),
		cmocka_unit_test(test_parent_dies), cmocka_unit_test(test_close_others),
	};

	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests_name("privs", tests, NULL, NULL);
}
