/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kinds: system calls of every kind, each a known number of times, by 64-bit, 32-bit and x32
 * numbers. Prints how many x32 calls the kernel made.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 4000000 /* no process has this id */

#ifdef __x86_64__
#define X32 0x40000000

/* As a 32-bit program makes it. */
static int compat(int nr, int a, int b)
{
	int ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static int foreign(void)
{
	int made = 0, child;

	for (int i = 0; i < 5; i++)
		compat(132, NOBODY, 0); /* getpgid */
	for (int i = 0; i < 6; i++)
		compat(153, 0, 0); /* munlockall */
	for (int i = 0; i < 3; i++)
		compat(161, NOBODY, 0); /* sched_rr_get_interval */
	for (int i = 0; i < 4; i++)
		compat(159, 1, 0); /* sched_get_priority_max */
	for (int i = 0; i < 2; i++) {
		child = compat(2, 0, 0); /* fork */
		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	for (int i = 0; i < 7; i++)
		made += syscall(SYS_getpgid | X32, NOBODY) < 0 && errno == ESRCH;
	syscall(515 | X32, -1, NULL, 0); /* readv */
	return made;
}
#else
static int foreign(void)
{
	return 0;
}
#endif

static int mine[2];

static void on_alarm(int signal)
{
	if (write(mine[1], "x", 1) != 1)
		_exit(1);
}

static void alarm_soon(void)
{
	struct itimerval soon = { .it_value = { .tv_usec = 20000 } };

	setitimer(ITIMER_REAL, &soon, NULL);
}

/* Interrupted calls: some are made again by the kernel, and some end. */
static int interrupted(void)
{
	struct sigaction again = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	int queue = msgget(IPC_PRIVATE, 0600), wrong = 0;
	char text[64];
	struct iovec v = { text, 1 };

	if (pipe(mine) || queue < 0 || sigaction(SIGALRM, &again, NULL))
		return 1;
	for (int i = 0; i < 4; i++) {
		alarm_soon();
		wrong += readv(mine[0], &v, 1) != 1;
	}
	for (int i = 0; i < 3; i++) {
		alarm_soon();
		wrong += msgrcv(queue, text, 8, 0, 0) >= 0 || errno != EINTR;
	}
	msgctl(queue, IPC_RMID, NULL);
	return wrong;
}

static int children(char *self)
{
	char *const nothing[] = { self, "nothing", NULL }, *const none[] = { NULL };
	int wrong = 0;
	pid_t child;

#ifdef SYS_fork
	for (int i = 0; i < 3; i++) {
		child = syscall(SYS_fork);
		if (!child)
			_exit(0);
		wrong += waitpid(child, NULL, 0) != child;
	}
#endif
	for (int i = 0; i < 4; i++) {
		child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (!child)
			_exit(0);
		wrong += waitpid(child, NULL, 0) != child;
	}
	for (int i = 0; i < 2; i++) {
		child = vfork();
		if (!child) {
			execve("/proc/self/exe", nothing, none);
			_exit(1);
		}
		wrong += waitpid(child, NULL, 0) != child;
	}
	return wrong + (execve("/nowhere", nothing, none) != -1);
}

int main(int argc, char **argv)
{
	int wrong = 0;

	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	setpgid(0, 0);
	for (int i = 0; i < 9; i++)
		wrong += syscall(SYS_getpgid, i < 4 ? 0 : NOBODY) < 0 && i < 4;
	for (int i = 0; i < 8; i++)
		syscall(SYS_munlockall);
	for (int i = 0; i < 6; i++)
		syscall(SYS_sched_get_priority_max, 1);
	wrong += interrupted();
	wrong += children(argv[0]);
	printf("%d\n", foreign());
	return wrong;
}
