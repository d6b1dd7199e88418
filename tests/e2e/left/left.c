/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that are left in every way that C has, each a known number of times. Prints NAME
 * RETURNED UNWOUND TAIL per function. uprobe_ret.sh compares the metrics with it. Exits with 1 if
 * the program itself failed.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBED __attribute__((noipa))

static int wrong;

static void check(int right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "wrong: %s\n", what);
	wrong = 1;
}

/* ---- longjmp, from different depths --------------------------------------------------------- */

static jmp_buf env;

PROBED long jumped(long v)
{
	char pad[64 + (v & 1) * 256];

	__asm__ volatile("" : : "r"(pad) : "memory");
	if (v & 1)
		longjmp(env, 1);
	return v;
}

PROBED long deeper(long v)
{
	char pad[512];

	__asm__ volatile("" : : "r"(pad) : "memory");
	return jumped(v) + 1;
}

static void jumps(void)
{
	volatile int n = 0;

	for (volatile int i = 0; i < 200; i++) {
		if (setjmp(env))
			n++;
		else if (i % 4 < 2)
			jumped(i);
		else
			deeper(i);
	}
	check(n == 100, "jumps");
	puts("jumped 100 100 0\ndeeper 50 50 0");
}

/* ---- recursion, deeper than return probes are followed -------------------------------------- */

PROBED long recursed(long depth)
{
	long below = depth ? recursed(depth - 1) + 1 : 0;

	__asm__ volatile("" : "+r"(below));
	return below;
}

static void recursion(void)
{
	for (int i = 0; i < 10; i++)
		check(recursed(99) == 99, "recursion");
	puts("recursed 1000 0 0");
}

/* ---- threads -------------------------------------------------------------------------------- */

PROBED long threaded(long v)
{
	return v + 1;
}

static void *thread(void *arg)
{
	for (long i = 0; i < 500; i++)
		check(threaded(i) == i + 1, "threads");
	return NULL;
}

static void threads(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, thread, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	puts("threaded 2000 0 0");
}

/* ---- threads that are cancelled, or end themselves, within a function ----------------------- */

PROBED long cancelled(int fd)
{
	char c;

	return read(fd, &c, 1);
}

PROBED long quit(long v)
{
	if (v >= 0)
		pthread_exit(NULL);
	return v;
}

static void *to_be_cancelled(void *arg)
{
	return (void *)cancelled(*(int *)arg);
}

static void *quitter(void *arg)
{
	return (void *)quit(1);
}

static void ends_of_threads(void)
{
	int fds[2];
	pthread_t t;
	void *result;

	check(!pipe(fds), "pipe");
	for (int i = 0; i < 5; i++) {
		pthread_create(&t, NULL, to_be_cancelled, &fds[0]);
		usleep(2000); /* a cancellation before the call is no error, but tests nothing */
		pthread_cancel(t);
		pthread_join(t, &result);
		check(result == PTHREAD_CANCELED, "cancellation");
		pthread_create(&t, NULL, quitter, NULL);
		pthread_join(t, &result);
	}
	puts("cancelled 0 5 0\nquit 0 5 0");
}

/* ---- a child that returns from its parent's call -------------------------------------------- */

PROBED pid_t forked(void)
{
	pid_t pid = fork();

	__asm__ volatile("" : "+r"(pid)); /* no tail call */
	return pid;
}

static void forks(void)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = forked();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	puts("forked 20 0 0");
}

/* ---- a signal handler on another stack ------------------------------------------------------ */

static volatile long in_handler;

PROBED long handled(long v)
{
	return v;
}

PROBED long interrupted(long v)
{
	raise(SIGUSR1);
	return v;
}

static void handler(int signal)
{
	in_handler += handled(1);
}

static void signals(void)
{
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 10; i++)
		interrupted(i);
	check(in_handler == 10, "signals");
	puts("interrupted 10 0 0");
}

/* ---- a cold part elsewhere in the file ------------------------------------------------------ */

__attribute__((cold, noipa)) void complain(int v)
{
	__asm__ volatile("" : : "r"(v));
}

PROBED int split(int a, int b, int c)
{
	int v[8];

	for (int i = 0; i < 8; i++)
		v[i] = a * i + b;
	__asm__ volatile("" : : "r"(v) : "memory");
	if (__builtin_expect(c > 3, 0)) {
		complain(c);
		complain(v[a & 7]);
		return -v[b & 7];
	}
	return v[c & 7];
}

static void cold(void)
{
	int sum = 0;

	for (int i = 0; i < 6; i++)
		sum += split(1, i, i);
	check(sum == -6, "a cold part");
	puts("split 6 0 0");
}

/* ---- a switch ------------------------------------------------------------------------------- */

PROBED long switched(long v)
{
	switch (v) {
	case 0:
		return handled(9);
	case 1:
		return 17;
	case 2:
		return v * 3;
	case 3:
		return v - 7;
	case 4:
		return v << 5;
	case 5:
		return v | 64;
	case 6:
		return ~v;
	}
	return 0;
}

static void switches(void)
{
	static const long want[] = { 9, 17, 6, -4, 128, 69, -7, 0 };

	for (int i = 0; i < 8; i++)
		check(switched(i) == want[i], "a switch");
	/* The first case is a tail call; the handler makes the others. */
	puts("switched 7 0 1\nhandled 11 0 0");
}

/* ---- jumps out of a function ---------------------------------------------------------------- */

PROBED long target(long v)
{
	return v + 1;
}

PROBED long tail(long v)
{
	return target(v);
}

#if defined(__x86_64__)
long by_condition(long v), by_register(long v), by_memory(long v), at_once(long v), looped(long v);
long by_table(long v);
void nothing(void);

__asm__(".pushsection .text\n"
	".macro begin name\n.globl \\name\n.type \\name, @function\n\\name:\n.endm\n"
	".macro end name\n.size \\name, . - \\name\n.endm\n"
	"begin by_condition\n	test $1, %dil\n	jnz target\n	xor %eax, %eax\n	ret\n"
	"end by_condition\n"
	"begin by_register\n	lea target(%rip), %rax\n	jmp *%rax\nend by_register\n"
	"begin by_memory\n	nop\n	jmp *target_address(%rip)\nend by_memory\n"
	"begin at_once\n	jmp target\nend at_once\n"
	/* The loop begins with the function's first instruction. */
	"begin looped\n	dec %rdi\n	jnz looped\n	lea 5(%rdi), %rax\n	ret\nend looped\n"
	/*
	 * A jump table of a switch without a stack frame: only the address distinguishes its
	 * entries from tail calls. The third is a tail call.
	 */
	"begin by_table\n	lea table(%rip), %rax\n	jmp *(%rax, %rdi, 8)\n"
	"1:	mov $11, %eax\n	ret\n2:	mov $12, %eax\n	ret\nend by_table\n"
	"begin nothing\n	ret\nend nothing\n"
	".popsection\n"
	".pushsection .data\n"
	"target_address:	.quad target\n"
	"table:	.quad 1b, 2b, target\n"
	".popsection\n");

static void machine(void)
{
	for (long i = 0; i < 10; i++) {
		check(by_condition(i) == (i & 1 ? i + 1 : 0), "by_condition");
		check(by_register(i) == i + 1 && by_memory(i) == i + 1, "by_register, by_memory");
		check(at_once(i) == i + 1, "at_once");
		check(looped(100) == 5, "looped");
		nothing();
	}
	for (int i = 0; i < 10; i++)
		check(by_table(0) == 11 && by_table(1) == 12 && by_table(2) == 3, "by_table");
	puts("by_condition 5 0 5\nby_register 0 0 10\nby_memory 0 0 10\nat_once 0 0 10\n"
	     "looped 10 0 0\nby_table 20 0 10\nnothing 10 0 0");
}
#else
static void machine(void)
{
}
#endif

static void tails(void)
{
	for (long i = 0; i < 10; i++)
		check(tail(i) == i + 1, "a tail call");
	puts("tail 0 0 10");
}

int main(void)
{
	jumps();
	recursion();
	threads();
	ends_of_threads();
	forks();
	signals();
	cold();
	switches();
	machine();
	tails();
	return wrong;
}
