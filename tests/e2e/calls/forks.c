/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that one process calls and two return from. Each is called 10 times, plain() 30 times.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone, noipa))

NOINLINE int plain(int v)
{
	__asm__ volatile("" : "+r"(v));
	return v;
}

NOINLINE pid_t spawn(void)
{
	pid_t child = fork();

	__asm__ volatile("" : "+r"(child));
	return child;
}

NOINLINE pid_t inner(void)
{
	pid_t child = fork();

	__asm__ volatile("" : "+r"(child));
	return child;
}

NOINLINE pid_t outer(void)
{
	pid_t child = inner();

	__asm__ volatile("" : "+r"(child));
	return child;
}

/* The child and its own child return from it, too. */
NOINLINE pid_t again(void)
{
	pid_t child = fork();

	if (!child) {
		pid_t grandchild = fork();

		if (grandchild)
			waitpid(grandchild, NULL, 0);
	}
	__asm__ volatile("" : "+r"(child));
	return child;
}

NOINLINE pid_t tail_callee(int v)
{
	pid_t child = fork();

	__asm__ volatile("" : "+r"(child), "+r"(v));
	return child;
}

NOINLINE __attribute__((optimize("O2"))) pid_t tail_caller(int v)
{
	return tail_callee(v + 1);
}

static void *thread(void *arg)
{
	plain(1);
	return arg;
}

NOINLINE int starter(void)
{
	pthread_t t;

	pthread_create(&t, NULL, thread, NULL);
	pthread_join(t, NULL);
	return 1;
}

#ifdef __x86_64__
/*
 * As the C library does it: the child uses the parent's stack, so the return address is kept
 * elsewhere.
 */
pid_t shared(void);
__asm__(".globl shared; .type shared, @function; shared:"
	"pop %rdi; mov $58, %eax; syscall; push %rdi; ret; .size shared, . - shared");
#endif

static void end(pid_t child)
{
	if (!child)
		_exit(plain(0));
	waitpid(child, NULL, 0);
}

int main(void)
{
	for (int i = 0; i < 10; i++) {
		end(spawn());
		end(outer());
		pid_t child = again();

		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
		child = tail_caller(i);
		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
		starter();
#ifdef __x86_64__
		child = shared();
		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
#endif
	}
	return 0;
}
