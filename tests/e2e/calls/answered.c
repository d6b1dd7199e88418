/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * answered WHO: system calls that are not answered by the kernel, but by container runtimes,
 * sandboxes or debuggers.
 *
 *	errno	a seccomp filter: 100 x sched_rr_get_interval(5) and 10 forks fail with EPERM
 *	trap	likewise, with a signal: 50
 *	notify	a supervisor: 30 return 42
 *	crowd	likewise, 6 of 6 threads that wait for it at the same time
 *	tracer	PTRACE_SYSEMU: 20 return 7
 *	held	a filter that allows all: 1 x msgrcv that waits for a message, 5 that do not
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static int answer(unsigned int action, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_rr_get_interval, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { 4, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
}

/* Makes n calls. Returns how many have another result than `ret`, or another errno. */
static int ask(int n, long ret, int error)
{
	int wrong = 0;

	while (n--) {
		errno = 0;
		wrong += syscall(SYS_sched_rr_get_interval, 5, NULL) != ret || errno != error;
	}
	return wrong;
}

static int by_errno(void)
{
	int wrong;

	if (answer(SECCOMP_RET_ERRNO | EPERM, 0))
		return 77;
	wrong = ask(100, -1, EPERM);
	for (int i = 0; i < 10; i++) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	return wrong;
}

static volatile sig_atomic_t trapped;

static void on_sigsys(int signal)
{
	trapped++;
}

static int by_signal(void)
{
	signal(SIGSYS, on_sigsys);
	if (answer(SECCOMP_RET_TRAP, 0))
		return 77;
	for (int i = 0; i < 50; i++)
		syscall(SYS_sched_rr_get_interval, 5, NULL);
	return trapped != 50;
}

static volatile int listener = -1;

static void *supervised(void *wrong)
{
	int fd = answer(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);

	listener = fd < 0 ? -2 : fd;
	*(int *)wrong = fd < 0 ? 77 : ask(30, 42, 0);
	return NULL;
}

static int by_supervisor(void)
{
	pthread_t thread;
	int wrong = 0;

	pthread_create(&thread, NULL, supervised, &wrong);
	while (listener == -1)
		usleep(1000);
	for (int i = 0; i < 30 && listener >= 0; i++) {
		struct seccomp_notif request = {};
		struct seccomp_notif_resp response = { .val = 42 };

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request))
			return 1;
		response.id = request.id;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response))
			return 1;
	}
	pthread_join(thread, NULL);
	return wrong;
}

static void *supervised_once(void *wrong)
{
	*(int *)wrong = ask(1, 42, 0);
	return NULL;
}

#define CROWD 6

static int by_busy_supervisor(void)
{
	int fd = answer(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER), wrong = 0;
	struct seccomp_notif_resp responses[CROWD] = {};
	pthread_t threads[CROWD];
	int results[CROWD];

	if (fd < 0)
		return 77;
	for (int i = 0; i < CROWD; i++)
		pthread_create(&threads[i], NULL, supervised_once, &results[i]);
	for (int i = 0; i < CROWD; i++) {
		struct seccomp_notif request = {};

		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &request))
			return 1;
		responses[i] = (struct seccomp_notif_resp){ .id = request.id, .val = 42 };
	}
	for (int i = 0; i < CROWD; i++)
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &responses[i]))
			return 1;
	for (int i = 0; i < CROWD; i++) {
		pthread_join(threads[i], NULL);
		wrong += results[i];
	}
	return wrong;
}

#ifdef __x86_64__
#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif

static int by_tracer(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(ask(20, 7, 0));
	}
	waitpid(child, &status, 0);
	for (int i = 0; i < 20; i++) {
		struct user_regs_struct regs;

		ptrace(PTRACE_SYSEMU, child, NULL, NULL);
		waitpid(child, &status, 0);
		ptrace(PTRACE_GETREGS, child, NULL, &regs);
		if (!WIFSTOPPED(status) || regs.orig_rax != SYS_sched_rr_get_interval)
			return 1;
		regs.rax = 7;
		ptrace(PTRACE_SETREGS, child, NULL, &regs);
	}
	/* The last one is resumed like the others. The kernel answers the next call. */
	ptrace(PTRACE_SYSEMU, child, NULL, NULL);
	waitpid(child, &status, 0);
	ptrace(PTRACE_KILL, child, NULL, NULL);
	waitpid(child, &status, 0);
	return 0;
}
#else
static int by_tracer(void)
{
	return 77;
}
#endif

static int by_nobody(void)
{
	struct {
		long type;
		char text[1];
	} message = { 1 };
	int queue = msgget(IPC_PRIVATE, 0600), wrong = 0;
	char line[8];

	if (queue < 0 || answer(SECCOMP_RET_ALLOW, 0))
		return 77;
	if (!fork()) {
		puts("held");
		fflush(stdout);
		fgets(line, sizeof(line), stdin);
		_exit(msgsnd(queue, &message, 1, 0) != 0);
	}
	wrong = msgrcv(queue, &message, 1, 0, 0) != 1;
	for (int i = 0; i < 5; i++)
		wrong += msgrcv(queue, &message, 1, 0, IPC_NOWAIT) != -1;
	wait(NULL);
	msgctl(queue, IPC_RMID, NULL);
	return wrong;
}

int main(int argc, char **argv)
{
	const char *who = argc > 1 ? argv[1] : "";

	if (!strcmp(who, "errno"))
		return by_errno();
	if (!strcmp(who, "trap"))
		return by_signal();
	if (!strcmp(who, "notify"))
		return by_supervisor();
	if (!strcmp(who, "crowd"))
		return by_busy_supervisor();
	if (!strcmp(who, "tracer"))
		return by_tracer();
	if (!strcmp(who, "held"))
		return by_nobody();
	return 2;
}
