/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls about processes. */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "workload.h"

static pid_t dead_pid;

long getpgid_live(struct worker *w, long i)
{
	return syscall(SYS_getpgid, 0);
}

/* As 32-bit programs call it, on x86-64. The number means another call for 64-bit programs. */
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
	return syscall(SYS_getsid, 0);
#endif
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

/* With unused process IDs, a different one per call, starting at `argument`. */
static long getpgid_many(struct worker *w, long i)
{
	return syscall(SYS_getpgid, atoi(argument) + call_number(w, i));
}

/*
 * System calls whose first argument is a process ID, a different one per call, starting at
 * `argument`.
 */
static long ask_about_pid(struct worker *w, long i)
{
	long pid = atoi(argument) + call_number(w, i);
	char answer[256];

	syscall(SYS_getsid, pid);
	syscall(SYS_sched_getscheduler, pid);
	syscall(SYS_sched_getaffinity, pid, sizeof(answer), answer);
	syscall(SYS_tkill, pid, 0);
	syscall(SYS_sched_getattr, pid, answer, sizeof(answer), 0);
	return syscall(SYS_prlimit64, pid, RLIMIT_CPU, NULL, answer);
}

/* Each of the calls succeeds and fails in turn, the first with EINVAL. */
static long ask_by_turns(struct worker *w, long i)
{
	int policy = i % 2 ? 99 : SCHED_FIFO;
	void *answer = i % 2 ? NULL : &(char[1024]){ 0 };

	syscall(SYS_sched_get_priority_max, policy);
	syscall(SYS_sched_get_priority_min, policy);
	syscall(SYS_getresuid, answer, answer, answer);
	syscall(SYS_getresgid, answer, answer, answer);
	syscall(SYS_getcpu, answer ? answer : (void *)1, NULL, NULL);
	syscall(SYS_getrlimit, policy, answer);
	return 0;
}

/* Fails with EINVAL, EFAULT and ESRCH in turn. The third argument counts up from `argument`. */
static long fail_in_turn(struct worker *w, long i, int nr, pid_t invalid)
{
	const struct {
		pid_t pid;
		uintptr_t answer;
	} calls[] = { { invalid, 0 }, { 0, 1 }, { 1 << 30, 1 } };

	return syscall(nr, calls[i % 3].pid, calls[i % 3].answer,
		       atoi(argument) + (call_number(w, i)) / 3);
}

static long getparam_failing(struct worker *w, long i)
{
	return fail_in_turn(w, i, SYS_sched_getparam, 0);
}

static long get_interval_failing(struct worker *w, long i)
{
	return fail_in_turn(w, i, SYS_sched_rr_get_interval, -1);
}

/* In a process in a cgroup of its own. */
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

const struct operation process_operations[] = {
	{ "getpgid-live", .call = getpgid_live },
	{ "getpgid-dead", .call = getpgid_dead, .set_up = find_dead_pid },
	{ "getpgid-many", .call = getpgid_many },
	{ "getsid-compat", .call = getsid_compat },
	{ "getsid-in-cgroup", .call = getsid_in_cgroup },
	{ "by-pid", .call = ask_about_pid },
	{ "by-turns", .call = ask_by_turns },
	{ "getparam-failing", .call = getparam_failing },
	{ "interval-failing", .call = get_interval_failing },
	{},
};
