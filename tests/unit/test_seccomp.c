/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system call filter, number by number: before all threads of a server exist, and after. Built
 * without sanitizers, as test_confine.c is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/log.h"
#include "confine_fixture.h"

#define NUMBERS 600 /* above the highest number */

/* Allowed, always or for some arguments. */
static const int in_use[] = {
	SYS_accept4,
	SYS_brk,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_clone,
	SYS_close,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_eventfd2,
	SYS_exit,
	SYS_exit_group,
	SYS_fcntl,
	SYS_futex,
	SYS_getpid,
	SYS_getrandom,
	SYS_getsockname,
	SYS_getsockopt,
	SYS_gettid,
	SYS_gettimeofday,
	SYS_madvise,
	SYS_mmap,
	SYS_mprotect,
	SYS_mremap,
	SYS_munmap,
	SYS_nanosleep,
	SYS_ppoll,
	SYS_prctl,
	SYS_read,
	SYS_recvfrom,
	SYS_restart_syscall,
	SYS_rseq,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_sched_yield,
	SYS_seccomp,
	SYS_sendmsg,
	SYS_sendto,
	SYS_set_robust_list,
	SYS_setsockopt,
	SYS_shutdown,
	SYS_tgkill,
	SYS_write,
	SYS_writev,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
	SYS_poll,
#endif
};

/* Forbidden once all threads exist. */
static const int at_start[] = {
	SYS_clone,    SYS_epoll_create1, SYS_eventfd2, SYS_getsockopt,
	SYS_mprotect, SYS_prctl,	 SYS_seccomp,
};

/* Not tried: they would end or block this process, or test_confine.c tries their arguments. */
static const int not_tried[] = {
	SYS_exit,   SYS_exit_group, SYS_fcntl,	    SYS_madvise, SYS_mmap,
	SYS_prctl,  SYS_clone,	    SYS_getsockopt, SYS_sendto,	 SYS_setsockopt,
	SYS_tgkill, SYS_writev,	    SYS_seccomp,    SYS_sendmsg, SYS_mprotect,
};

/* The kernel's trampolines for uprobes, which no filter sees. Elsewhere, these calls are fatal. */
static bool is_trampolines(long number)
{
#ifdef __x86_64__
	return number == 335 || number == 336;
#else
	return false;
#endif
}

static bool has(const int *list, size_t n, long number)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == number)
			return true;
	return false;
}

#define HAS(list, number) has(list, ARRAY_SIZE(list), number)

/* Tries each number with invalid arguments. Returns the first with a wrong result, or NUMBERS. */
static long first_wrong(bool settled)
{
	for (long i = 0; i < NUMBERS; i++) {
		bool allowed = HAS(in_use, i) && !(settled && HAS(at_start, i));
		/* As on a kernel without it, so that libc falls back. */
		int refused = i == SYS_clone3 ? ENOSYS : EPERM;
		long ret;

		if ((allowed && HAS(not_tried, i)) || is_trampolines(i))
			continue;
		errno = 0;
		ret = syscall(i, -1L, -1L, -1L, -1L, -1L, -1L);
		if (allowed == (ret == -1 && errno == refused))
			return i;
	}
	return NUMBERS;
}

static long *shared_number(void)
{
	long *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	*p = -1;
	return p;
}

static void test_numbers(void **state)
{
	long *wrong = shared_number();
	int status;
	pid_t pid = fork();

	if (!pid) {
		int listener = open_listener();

		if (!confine(&listener, 1))
			*wrong = first_wrong(false);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(*wrong, NUMBERS);
	munmap(wrong, sizeof(*wrong));
}

/* ---- once all threads run ------------------------------------------------------------------- */

static void *do_nothing(void *arg)
{
	return arg;
}

static pthread_barrier_t settled;

/* A thread that existed before. */
static void *find_wrong(void *arg)
{
	long *wrong = arg;

	pthread_barrier_wait(&settled); /* it runs */
	pthread_barrier_wait(&settled);
	*wrong = first_wrong(true);
	return NULL;
}

static int settle(long *wrong)
{
	pthread_t thread, other;
	int listener = open_listener();

	pthread_barrier_init(&settled, NULL, 2);
	if (confine(&listener, 1) || pthread_create(&thread, NULL, find_wrong, &wrong[1]))
		return 1;
	pthread_barrier_wait(&settled);
	if (seccomp__forbid_threads())
		return 2;
	pthread_barrier_wait(&settled);
	wrong[0] = first_wrong(true);
	if (pthread_join(thread, NULL))
		return 3;
	if (!pthread_create(&other, NULL, do_nothing, NULL))
		return 4;
	return seccomp__forbid_threads() ? 0 : 5;
}

static void test_settled(void **state)
{
	long *wrong = shared_number();
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(settle(wrong));
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(wrong[0], NUMBERS);
	assert_int_equal(wrong[1], NUMBERS);
	munmap(wrong, sizeof(*wrong));
}

#ifdef __x86_64__
#define OF_ANOTHER_KIND 0x40000000 /* x32's numbers */

static void test_other_architecture(void **state)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!confine(NULL, 0))
			syscall(OF_ANOTHER_KIND + SYS_getpid);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_settled),
#ifdef __x86_64__
		cmocka_unit_test(test_other_architecture),
#endif
	};

	log__setup(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests_name("seccomp", tests, NULL, NULL);
}
