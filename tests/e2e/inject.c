/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes system calls in a thread of another process, with its rights and under its filter. So could
 * an attacker who has taken it over.
 *
 *	inject TID
 *
 * Each line of standard input is a call: NUMBER [ARGUMENT...]. An argument is a number, @TEXT (the
 * address of that text), or %HEX (of those bytes). Prints the result of each call, or the name of
 * its error. x86-64 only: elsewhere the exit code is 77.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#ifdef __x86_64__
#define ARGUMENTS 6
#define SPACE	  4096 /* below the stack's red zone */

static pid_t tid;
static unsigned long room;

static void fail(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void await_stop(void)
{
	int status;

	if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status)) {
		printf("gone\n"); /* the call ended the thread */
		exit(0);
	}
}

static unsigned long put(const void *data, size_t len)
{
	struct iovec local = { (void *)data, len }, remote = { NULL, len };

	room = (room - len) & ~15UL;
	remote.iov_base = (void *)room;
	if (process_vm_writev(tid, &local, 1, &remote, 1, 0) != (ssize_t)len)
		fail("its memory");
	return room;
}

static unsigned long argument(const char *s)
{
	unsigned char bytes[256];
	size_t n = 0;

	if (*s == '@')
		return put(s + 1, strlen(s));
	if (*s != '%')
		return strtoul(s, NULL, 0);
	while (n < sizeof(bytes) && sscanf(s + 1 + 2 * n, "%2hhx", &bytes[n]) == 1)
		n++;
	return put(bytes, n);
}

/* The thread sleeps in a system call. The instruction before its position made that call. */
static void step_to_system_call(struct user_regs_struct *r)
{
	long word = ptrace(PTRACE_PEEKTEXT, tid, (void *)(r->rip - 2), NULL);

	if ((word & 0xffff) != 0x050f) {
		errno = EBUSY; /* it is running */
		fail("the thread");
	}
	r->rip -= 2;
	r->orig_rax = -1; /* no system call to restart */
}

static struct user_regs_struct saved;

static void call(char *line)
{
	struct user_regs_struct r = saved;
	unsigned long args[1 + ARGUMENTS] = {};
	size_t n = 0;

	room = saved.rsp - SPACE;
	for (char *p = strtok(line, " \n"); p && n < 1 + ARGUMENTS; p = strtok(NULL, " \n"))
		args[n++] = argument(p);
	step_to_system_call(&r);
	r.rax = args[0];
	r.rdi = args[1], r.rsi = args[2], r.rdx = args[3];
	r.r10 = args[4], r.r8 = args[5], r.r9 = args[6];
	if (ptrace(PTRACE_SETREGS, tid, NULL, &r) || ptrace(PTRACE_SINGLESTEP, tid, NULL, NULL))
		fail("cannot go on");
	await_stop();
	if (ptrace(PTRACE_GETREGS, tid, NULL, &r))
		fail("its registers");
	if ((long)r.rax < 0 && (long)r.rax > -4096)
		printf("%s\n", strerrorname_np(-(int)r.rax));
	else
		printf("%lld\n", r.rax);
}

int main(int argc, char **argv)
{
	char line[4096];

	if (argc != 2)
		return 2;
	tid = atoi(argv[1]);
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, tid, NULL, NULL))
		fail("cannot trace it");
	await_stop();
	if (ptrace(PTRACE_GETREGS, tid, NULL, &saved))
		fail("its registers");
	while (fgets(line, sizeof(line), stdin))
		call(line);
	if (ptrace(PTRACE_SETREGS, tid, NULL, &saved) || ptrace(PTRACE_DETACH, tid, NULL, NULL))
		fail("cannot let it go");
	return 0;
}
#else
int main(void)
{
	return 77;
}
#endif
