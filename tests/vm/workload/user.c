/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User functions, to be probed by name in this binary. They must not be inlined, cloned, or turned
 * into loops.
 */
#include "workload.h"

#define RECURSION 20  /* levels of user-recursion and user-left */
#define DEEP	  100 /* of user-deep: more than the kernel follows */

long workload_recursion(long depth);

__attribute__((noipa)) long workload_function(long v)
{
#ifdef __aarch64__
	asm volatile("nop"); /* else it is only `ret`, whose calls take no time */
#endif
	return v;
}

__attribute__((noipa)) long workload_recursion(long depth)
{
	long below = depth ? workload_recursion(depth - 1) + 1 : 0;

	asm volatile("" : "+r"(below)); /* a real call at every level */
	return below;
}

static long user_function(struct worker *w, long i)
{
	return workload_function(atol(argument)), 0;
}

/* One function for each mechanism that is tested at once. */
long workload_first(long v), workload_second(long v), workload_third(long v),
	workload_fourth(long v), workload_fifth(long v), workload_sixth(long v);

__attribute__((noipa)) long workload_first(long v)
{
	return v;
}

__attribute__((noipa)) long workload_second(long v)
{
	return v;
}

__attribute__((noipa)) long workload_third(long v)
{
	return v;
}

__attribute__((noipa)) long workload_fourth(long v)
{
	return v;
}

__attribute__((noipa)) long workload_fifth(long v)
{
	return v;
}

__attribute__((noipa)) long workload_sixth(long v)
{
	return v;
}

static long user_functions(struct worker *w, long i)
{
	long v = atol(argument);

	workload_first(v);
	workload_second(v);
	workload_third(v);
	workload_fourth(v);
	workload_fifth(v);
	workload_sixth(v);
	return 0;
}

static long user_recursion(struct worker *w, long i)
{
	return workload_recursion(RECURSION - 1);
}

long workload_left(void **out), leave(void **out);

/* Not by longjmp(3): a program that imports it gets another mechanism. */
__attribute__((noipa)) long workload_left(void **out)
{
	__builtin_longjmp(out, 1);
}

/* On arm64, a jump to the caller itself looks like a tail call. */
__attribute__((noipa)) long leave(void **out)
{
	return workload_left(out) + 1;
}

/* Leaves a function that never returns, and then calls some that do. */
static long user_left(struct worker *w, long i)
{
	void *out[5];

	if (!__builtin_setjmp(out))
		leave(out);
	return workload_recursion(RECURSION - 1);
}

static long user_deep(struct worker *w, long i)
{
	return workload_recursion(DEEP - 1);
}

const struct operation user_operations[] = {
	{ "user-function", .call = user_function },   { "user-functions", .call = user_functions },
	{ "user-recursion", .call = user_recursion }, { "user-left", .call = user_left },
	{ "user-deep", .call = user_deep },	      {},
};
