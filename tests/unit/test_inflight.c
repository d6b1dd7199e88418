/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-flight slots (bpf/inflight.bpf.h) against a model that knows when each call was entered. Calls
 * return or lose their return, after any duration. Wherever a program calls the kernel, another one
 * can interrupt it, or run on another CPU. Here it does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/bpf.h>

#include "bpf/abi.h"
#include "base/util.h"

/* ---- the kernel ----------------------------------------------------------------------------- */

#define RP_CORE_BPF_H /* in its slot: */
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, type)  __typeof__(type) *name
#undef __always_inline
#define __always_inline			      inline __attribute__((always_inline))
#define __noinline			      __attribute__((noinline))
#define bpf_map_lookup_elem(map, key)	      lookup(map, key)
#define bpf_map_update_elem(map, key, v, how) update(map, key, v)
#define bpf_map_delete_elem(map, key)	      forget(map, key)
#define bpf_ktime_get_ns()		      ktime()

enum rp_context { RP_EXCLUSIVE };

static void count_event(enum rp_context c, __u32 id, enum rp_event which);
static void *lookup(const void *map, const void *key);
static long update(const void *map, const __u64 *key, const __u64 *value);
static long forget(const void *map, const __u64 *key);
static __u64 ktime(void);

/* Tests set slot_shift. */
#define const
#include "bpf/inflight.bpf.h"
#undef const

#define NPLACES 2
#define NCALLS	8

static struct slot table[NPLACES];
static struct {
	__u64 key, start;
} aside[NCALLS];
static __u64 now, stale;
static void (*meanwhile)(void);

static void count_event(enum rp_context c, __u32 id, enum rp_event which)
{
	assert_int_equal(which, RP_EVENT_STALE);
	stale++;
}

static __u64 ktime(void)
{
	if (meanwhile)
		meanwhile();
	return ++now;
}

static __u64 *find_aside(__u64 key)
{
	for (size_t i = 0; i < NCALLS; i++)
		if (aside[i].key == key)
			return &aside[i].start;
	return NULL;
}

static void *lookup(const void *map, const void *key)
{
	void *found;

	if (map == &inflight) {
		found = &table[*(const __u32 *)key % NPLACES];
		if (meanwhile)
			meanwhile();
		return found;
	}
	return find_aside(*(const __u64 *)key);
}

static long update(const void *map, const __u64 *key, const __u64 *value)
{
	__u64 *start;

	assert_ptr_equal(map, &kernel_frames);
	if (meanwhile)
		meanwhile();
	start = find_aside(*key);
	if (!start) {
		start = find_aside(0);
		assert_non_null(start);
		start[-1] = *key;
	}
	*start = *value;
	if (meanwhile)
		meanwhile();
	return 0;
}

static long forget(const void *map, const __u64 *key)
{
	__u64 *start;

	assert_ptr_equal(map, &kernel_frames);
	start = find_aside(*key);
	if (start)
		start[-1] = 0;
	return start ? 0 : -1;
}

/* ---- the calls ------------------------------------------------------------------------------ */

static struct {
	bool running, busy; /* busy: one of its programs is running */
	__u64 start;
	__u64 slow; /* its frame in task storage */
} calls[NCALLS];
static size_t returned, slowly;

static __u64 key_of(size_t i)
{
	return 0xffffc90000000000 + i * 64;
}

static void enter(size_t i)
{
	struct slot *p;

	calls[i].busy = calls[i].running = true;
	p = take_slot(RP_EXCLUSIVE, i, key_of(i));
	if (p)
		calls[i].start = p->start;
	else
		calls[i].start = calls[i].slow = ++now;
	calls[i].busy = false;
}

static void leave(size_t i)
{
	__u64 start, level = 0, marked_at;

	calls[i].busy = true;
	start = leave_slot(key_of(i), NULL);
	if (!start) {
		slowly++;
		marked_at = leave_marked_slot(slot_of(key_of(i)), key_of(i), &level);
		start = marked_at > calls[i].slow ? marked_at : calls[i].slow;
		calls[i].slow = 0;
	}
	assert_int_equal(start, calls[i].start);
	calls[i].busy = calls[i].running = false;
	returned++;
}

/* An event happens to a call that has none at the moment. */
static void happen(void)
{
	size_t i = rand() % NCALLS;

	if (calls[i].busy)
		return;
	if (!calls[i].running)
		enter(i);
	else if (rand() % 8)
		leave(i);
	else
		calls[i].running = false; /* and its return is lost */
}

static void interrupt(void)
{
	static int depth;

	if (depth < 3 && !(rand() % 3)) {
		depth++;
		happen();
		depth--;
	}
}

static int set_up(void **state)
{
	slot_shift = 63;
	memset(table, 0, sizeof(table));
	memset(aside, 0, sizeof(aside));
	memset(calls, 0, sizeof(calls));
	now = 2 * RP_SLOT_AGE;
	stale = returned = slowly = 0;
	meanwhile = NULL;
	return 0;
}

/* No program takes as long as RP_PLACE_AGE, but any time can pass between two programs. */
static void test_random(void **state)
{
	srand(1);
	meanwhile = interrupt;
	for (int i = 0; i < 1000000; i++) {
		happen();
		now += rand() % 4 ? rand() % 1000 : rand() % (2 * (int64_t)RP_SLOT_AGE);
	}
	assert_true(returned > 100000);
	assert_true(slowly > 1000 && slowly < returned);
}

/* Two calls that hash to the same slot. */
static void same_place(size_t *a, size_t *b)
{
	*a = 0;
	for (*b = 1; slot_of(key_of(*b)) != slot_of(key_of(*a)); ++*b)
		assert_true(*b < NCALLS - 1);
}

static void enter_after(size_t i, __u64 ns)
{
	now += ns;
	enter(i);
}

static void test_leftover(void **state)
{
	size_t lost, i;

	same_place(&lost, &i);
	enter(lost);
	calls[lost].running = false;
	enter(i);
	assert_int_equal(table[slot_of(key_of(i)) - table].key, key_of(lost) | MARKED);
	leave(i);
	enter_after(i, RP_SLOT_AGE / 2);
	leave(i);
	assert_int_equal(slowly, 2);
	enter_after(i, RP_SLOT_AGE);
	assert_int_equal(slot_of(key_of(i))->key, key_of(i));
	leave(i);
	assert_int_equal(slowly, 2);
	assert_int_equal(stale, 0);
	/*
	 * The second call of the same key takes the slower way. It is told from the leftover, which
	 * is counted once.
	 */
	enter(i);
	enter(lost);
	leave(lost);
	assert_int_equal(slowly, 3);
	assert_null(find_aside(key_of(lost) | MARKED));
}

static void test_long_call(void **state)
{
	size_t sleeps, i;

	same_place(&sleeps, &i);
	enter(sleeps);
	for (int k = 0; k < 5; k++) {
		enter_after(i, RP_SLOT_AGE + 1);
		leave(i);
	}
	assert_non_null(find_aside(key_of(sleeps) | MARKED));
	leave(sleeps);
	assert_null(find_aside(key_of(sleeps) | MARKED));
	assert_int_equal(stale, 0);
}

/* The call finds its own slot on notice. */
static void test_again(void **state)
{
	size_t lost, i;

	same_place(&lost, &i);
	enter(lost);
	calls[lost].running = false;
	enter(i);
	leave(i);
	enter(lost);
	assert_int_equal(slot_of(key_of(lost))->key, key_of(lost));
	assert_int_equal(stale, 1);
	leave(lost);
	enter(lost);
	leave(lost);
	assert_int_equal(stale, 1);
}

/* A slow return that has seen its key never frees another call's slot. */
static void test_late_return(void **state)
{
	struct slot *p;
	size_t late, i;

	same_place(&late, &i);
	enter(late);
	p = slot_of(key_of(late));
	enter(i); /* puts it on notice */
	leave(i);
	enter_after(i, RP_SLOT_AGE - 10);
	assert_int_equal(p->key, key_of(late) | MARKED);
	assert_int_equal(p->start, calls[late].start);
	p->key = 0;
	leave(i);
	enter(i);
	assert_int_equal(p->key, key_of(i));
	leave(i);
	assert_int_equal(p->key, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_random, set_up),
		cmocka_unit_test_setup(test_leftover, set_up),
		cmocka_unit_test_setup(test_long_call, set_up),
		cmocka_unit_test_setup(test_again, set_up),
		cmocka_unit_test_setup(test_late_return, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
