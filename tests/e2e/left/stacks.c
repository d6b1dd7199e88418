/* SPDX-License-Identifier: GPL-2.0-only */
/* Coroutines that yield within a function and continue it in another thread. Prints like left.c. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#define PROBED __attribute__((noipa))
#define STEPS  6

static ucontext_t scheduler, coroutine[2];
static long total;

/* Called on the stacks of two coroutines, neither of which is below the other. */
PROBED long step(int me)
{
	total++;
	swapcontext(&coroutine[me], &scheduler);
	return total;
}

static void body(int me)
{
	for (int i = 0; i < STEPS; i++)
		step(me);
}

/* The coroutines take turns. Each begins a step, and ends it at its next turn. */
static void *turns(void *arg)
{
	for (int i = 0; i < *(int *)arg; i++)
		for (int me = 0; me < 2; me++)
			swapcontext(&scheduler, &coroutine[me]);
	return NULL;
}

static void in_thread(int n)
{
	pthread_t t;

	pthread_create(&t, NULL, turns, &n);
	pthread_join(t, NULL);
}

int main(void)
{
	for (int i = 0; i < 2; i++) {
		getcontext(&coroutine[i]);
		coroutine[i].uc_stack.ss_sp = malloc(65536);
		coroutine[i].uc_stack.ss_size = 65536;
		makecontext(&coroutine[i], (void (*)(void))body, 1, i);
	}
	/* The last step of each never continues. */
	for (int i = 0; i < STEPS; i++)
		in_thread(1);
	printf("step %d 2 0\n", 2 * STEPS - 2);
	return total != 2 * STEPS;
}
