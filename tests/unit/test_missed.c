/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Law 2 in numbers: given the counters of the kernel and of our programs, the missed calls that
 * must result. attach and object are replaced (see the Makefile's --wrap).
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "attach/attach.h"
#include "hostile.h"
#include "probes/missed.h"

#define TARGETS 2

static const struct attach_ops plain = { .name = "kretprobe", .missed = 1U << MISSED_RECURSION };
static const struct attach_ops session = { .name = "kprobe.session",
					   .missed = 1U << MISSED_NO_ENTRY };

/* What the replaced functions answer. */
static struct attach_slot slots[TARGETS];
static struct kernel_counts kernel[TARGETS];
static struct attach_program_counts programs[2];
static size_t nprograms;
static uint64_t events[TARGETS][RP_EVENT_MAX], counted[TARGETS], entries[RP_ENTERED_MAX];
static void (*let_programs_end)(void);
static int wait_error;
static unsigned waits;

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n);
void __wrap_attach__count(struct attach *a, struct kernel_counts *out);
size_t __wrap_attach__count_programs(struct attach *a, struct attach_program_counts *out);
int __wrap_object_maps__refresh(struct object *obj);
const struct banks *__wrap_object__banks(const struct object *obj);
void __wrap_snapshot__count_calls(const struct banks *b, uint64_t *calls);
void __wrap_snapshot__events(const struct banks *b, uint32_t id, uint64_t out[RP_EVENT_MAX]);
void __wrap_snapshot__entered(const struct banks *b, uint64_t entered[RP_ENTERED_MAX]);
int __wrap_object__wait_for_programs(struct object *o);

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n)
{
	*n = TARGETS;
	return slots;
}

void __wrap_attach__count(struct attach *a, struct kernel_counts *out)
{
	memcpy(out, kernel, sizeof(kernel));
}

size_t __wrap_attach__count_programs(struct attach *a, struct attach_program_counts *out)
{
	memcpy(out, programs, sizeof(programs));
	return nprograms;
}

int __wrap_object_maps__refresh(struct object *obj)
{
	return 0;
}

const struct banks *__wrap_object__banks(const struct object *obj)
{
	return NULL;
}

void __wrap_snapshot__count_calls(const struct banks *b, uint64_t *calls)
{
	memcpy(calls, counted, sizeof(counted));
}

void __wrap_snapshot__events(const struct banks *b, uint32_t id, uint64_t out[RP_EVENT_MAX])
{
	memcpy(out, events[id], sizeof(events[id]));
}

void __wrap_snapshot__entered(const struct banks *b, uint64_t entered[RP_ENTERED_MAX])
{
	memcpy(entered, entries, sizeof(entries));
}

int __wrap_object__wait_for_programs(struct object *o)
{
	waits++;
	if (!wait_error && let_programs_end)
		let_programs_end();
	return wait_error;
}

/* ---- readings ------------------------------------------------------------------------------ */

struct bench {
	struct missed *missed;
	const struct shared_missed *view;
};

/* A server's view of it is what is looked at. */
static void begin(struct bench *b)
{
	b->missed = missed__new(NULL, NULL);
	b->view =
		shared_memory__map(missed__shared(b->missed)->fd, missed__shared(b->missed)->size);
}

static void end(struct bench *b)
{
	munmap((void *)b->view, missed__shared(b->missed)->size);
	missed__free(b->missed);
}

static int set_up(void **state)
{
	static struct bench b;

	memset(kernel, 0, sizeof(kernel));
	memset(programs, 0, sizeof(programs));
	memset(events, 0, sizeof(events));
	memset(counted, 0, sizeof(counted));
	memset(entries, 0, sizeof(entries));
	nprograms = 0;
	let_programs_end = NULL;
	wait_error = waits = 0;
	for (size_t i = 0; i < TARGETS; i++)
		slots[i] = (struct attach_slot){ .ops = &plain };
	begin(&b);
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	end(*state);
	return 0;
}

static void read_once(struct bench *b)
{
	assert_int_equal(missed__update(b->missed), 0);
}

static uint64_t missed(const struct bench *b, enum missed_reason r)
{
	return b->view->targets[0].missed[r];
}

/* ---- tests --------------------------------------------------------------------------------- */

/* 100 returns that the kernel knows of: 80 counted, 7 filtered out, 5 without an entry, and so 8
 * at which our program did not run. */
static void returns_that_the_kernel_counts(void **state)
{
	struct bench *b = *state;

	kernel[0] = (struct kernel_counts){ .has_returned = true, .returned = 100 };
	counted[0] = 80;
	events[0][RP_EVENT_FILTERED] = 7;
	events[0][RP_EVENT_NO_ENTRY] = 5;
	read_once(b);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 8);
	assert_int_equal(missed(b, MISSED_NO_ENTRY), 5);

	/* Besides, breakpoints that it skipped altogether, and calls without a return slot. */
	kernel[0].missed[MISSED_RECURSION] = 3;
	kernel[0].missed[MISSED_MAXACTIVE] = 4;
	events[0][RP_EVENT_DEPTH] = 2;
	events[0][RP_EVENT_UNWOUND] = 3;
	events[0][RP_EVENT_TRAPPED] = 6;
	kernel[0].missed[MISSED_UNWOUND] = 4; /* found when their threads had ended */
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 11);
	assert_int_equal(missed(b, MISSED_MAXACTIVE), 4);
	assert_int_equal(missed(b, MISSED_DEPTH), 2);
	assert_int_equal(missed(b, MISSED_UNWOUND), 7);
	assert_int_equal(missed(b, MISSED_TRAPPED), 6);
	/* Of the other target, nothing. */
	for (int r = 0; r < MISSED_MAX; r++)
		assert_int_equal(b->view->targets[1].missed[r], 0);
}

/* Hints are no losses: leftover frames, calls from before, entries. */
static void tallies_that_are_no_losses(void **state)
{
	struct bench *b = *state;

	kernel[0] = (struct kernel_counts){ .has_returned = true, .returned = 10 };
	counted[0] = 10;
	events[0][RP_EVENT_STALE] = 9;
	events[0][RP_EVENT_ENTERED] = 9;
	read_once(b);
	for (int r = 0; r < MISSED_MAX; r++)
		assert_int_equal(missed(b, r), 0);
}

/* The kernel's count is read first: calls that return in between are in the cells alone. */
static void counters_never_go_back(void **state)
{
	struct bench *b = *state;

	kernel[0] = (struct kernel_counts){ .has_returned = true, .returned = 100 };
	counted[0] = 90;
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 10);
	counted[0] = 120;
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 10);
	assert_int_equal(waits, 1); /* nothing new was suspected */
}

static void end_one(void)
{
	counted[0] = 100;
}

/* One that the kernel has counted, and whose program is held before it counts, is no loss, however
 * often that is looked at. */
static void call_that_is_being_counted(void **state)
{
	struct bench *b = *state;

	kernel[0] = (struct kernel_counts){ .has_returned = true, .returned = 100 };
	counted[0] = 99;
	wait_error = -ENOMEM; /* nothing is known of it, then */
	for (int i = 0; i < 10; i++)
		read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 0);
	wait_error = 0;
	let_programs_end = end_one;
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 0);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 0);
}

/* Calls that come and go while they are looked at, some held between the kernel's count and ours,
 * some lost. The kernel's count is read first, and then anything may happen. */
static struct {
	uint64_t returned, held, lost;
	unsigned random;
} model;

static unsigned next_random(unsigned below)
{
	model.random = model.random * 1103515245 + 12345;
	return (model.random >> 16) % below;
}

static void let_run(unsigned steps)
{
	while (steps--) {
		switch (next_random(16)) {
		case 0:
			model.lost++;
			model.returned++;
			break;
		case 1 ... 4:
			model.held++;
			model.returned++;
			break;
		case 5 ... 9:
			counted[0] += model.held > 0;
			model.held -= model.held > 0;
			break;
		default:
			counted[0]++;
			model.returned++;
		}
	}
}

static void end_all(void)
{
	counted[0] += model.held;
	model.held = 0;
	let_run(next_random(8)); /* and others have begun */
}

static void losses_are_never_made_up(void **state)
{
	struct bench *b = *state;
	uint64_t before = 0;

	memset(&model, 0, sizeof(model));
	let_programs_end = end_all;
	for (int round = 0; round < 20000; round++) {
		let_run(next_random(4) ? 0 : next_random(40));
		kernel[0] =
			(struct kernel_counts){ .has_returned = true, .returned = model.returned };
		let_run(next_random(3));
		read_once(b);
		assert_true(missed(b, MISSED_RECURSION) <= model.lost);
		assert_true(missed(b, MISSED_RECURSION) >= before);
		before = missed(b, MISSED_RECURSION);
	}
	assert_true(before > model.lost / 2);
	/* At rest all of them are found. */
	counted[0] += model.held;
	kernel[0].returned = model.returned;
	let_programs_end = NULL;
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), model.lost);
}

struct fate {
	uint64_t counted, e, x, neither, running; /* see missed.c: skipped_calls() */
	uint64_t late;				  /* running, and to become e */
};

/* The counters that calls of these fates leave behind, of target 0. */
static void let_happen(struct bench *b, struct fate f)
{
	counted[0] = f.counted;
	events[0][RP_EVENT_NO_ENTRY] = f.e;
	events[0][RP_EVENT_ENTERED] = f.counted + f.x + f.running;
	kernel[0].has_skipped = true;
	kernel[0].skipped = f.e + f.late + f.x + 2 * f.neither;
}

static void sessions_at_rest(void **state)
{
	static const struct fate rows[] = {
		{ .counted = 80 },
		{ .counted = 80, .running = 30 },
		{ .counted = 80, .e = 5 },
		{ .counted = 80, .x = 7 },
		{ .counted = 80, .neither = 8 },
		{ .counted = 80, .e = 5, .x = 7, .neither = 8 },
		{ .neither = 8 },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		end(b);
		begin(b);
		let_happen(b, rows[i]);
		read_once(b);
		read_once(b);
		assert_int_equal(missed(b, MISSED_RECURSION), rows[i].x + rows[i].neither);
		assert_int_equal(missed(b, MISSED_NO_ENTRY), rows[i].e);
	}
}

/* Calls that run cannot be told from those whose exit was skipped, but at rest they are no losses,
 * and what has been found out stays. */
static void sessions_while_calls_run(void **state)
{
	struct bench *b = *state;

	let_happen(b, (struct fate){ .counted = 50, .x = 4, .neither = 3 });
	read_once(b);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 7);
	/* 20 more run, and nothing is skipped: nothing is lost. */
	let_happen(b, (struct fate){ .counted = 50, .x = 4, .neither = 3, .running = 20 });
	read_once(b);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 7);
	/* They return, but two that come to nothing, as one reading sees them that run goes on by.
	 */
	let_happen(b, (struct fate){ .counted = 60, .x = 4, .neither = 5, .running = 8 });
	read_once(b);
	let_happen(b, (struct fate){ .counted = 68, .x = 4, .neither = 5 });
	read_once(b);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 9);
}

/* Calls that sleep, and whose entry was skipped, are seen twice: as skipped runs, and when they
 * return. Each is missed once. */
static void sessions_of_sleepers(void **state)
{
	static const struct fate rows[] = {
		{ .running = 95, .late = 5 },
		{ .counted = 60, .e = 2, .running = 35, .late = 3 },
		{ .counted = 95, .e = 5 },
		{ .counted = 95, .e = 5, .running = 98, .late = 2 },
		{ .counted = 193, .e = 6, .x = 1 },
		{ .counted = 193, .e = 6, .x = 4 },
		{ .counted = 193, .e = 9, .x = 4 },
	};
	static const uint64_t lost[] = { 5, 5, 5, 7, 7, 10, 13 };
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		let_happen(b, rows[i]);
		read_once(b);
		read_once(b);
		assert_int_equal(missed(b, MISSED_RECURSION) + missed(b, MISSED_NO_ENTRY), lost[i]);
	}
}

/* A program for all: the kernel counts for it alone, and who lost the calls is not known. */
static void shared_programs(void **state)
{
	struct bench *b = *state;

	slots[1].ops = &session;
	nprograms = 2;
	programs[0] = (struct attach_program_counts){
		.mechanism = "kretprobe",
		.shared = true,
		.reasons = 1U << MISSED_RECURSION | 1U << MISSED_MAXACTIVE,
		.missed = { [MISSED_RECURSION] = 6, [MISSED_MAXACTIVE] = 2 },
	};
	/* 40 counted, 3 filtered out, 2 without entry, 5 without exit, 4 without either. */
	programs[1] = (struct attach_program_counts){
		.mechanism = "kprobe.session",
		.shared = true,
		.skips_twice = true,
		.entered = RP_ENTERED_FSESSION_MULTI,
		.missed = { [MISSED_RECURSION] = 2 + 5 + 2 * 4 },
	};
	counted[0] = 1000; /* not the session's */
	counted[1] = 40;
	events[1][RP_EVENT_FILTERED] = 3;
	events[1][RP_EVENT_NO_ENTRY] = 2;
	entries[RP_ENTERED_FSESSION_MULTI] = 40 + 3 + 5;
	read_once(b);
	read_once(b);
	assert_int_equal(b->view->programs[shared_missed__mechanism("kretprobe")].reasons,
			 programs[0].reasons);
	assert_int_equal(
		b->view->programs[shared_missed__mechanism("kretprobe")].missed[MISSED_RECURSION],
		6);
	assert_int_equal(
		b->view->programs[shared_missed__mechanism("kretprobe")].missed[MISSED_MAXACTIVE],
		2);
	assert_int_equal(b->view->programs[shared_missed__mechanism("kprobe.session")]
				 .missed[MISSED_RECURSION],
			 5 + 4);
	assert_int_equal(b->view->targets[1].missed[MISSED_NO_ENTRY], 2);
	assert_int_equal(b->view->targets[1].missed[MISSED_RECURSION], 0);

	/* Three more are running, two of them without entry; these return. */
	programs[1].missed[MISSED_RECURSION] += 2;
	entries[RP_ENTERED_FSESSION_MULTI]++;
	read_once(b);
	read_once(b);
	counted[1]++;
	events[1][RP_EVENT_NO_ENTRY] += 2;
	read_once(b);
	read_once(b);
	assert_int_equal(b->view->programs[shared_missed__mechanism("kprobe.session")]
					 .missed[MISSED_RECURSION] +
				 b->view->targets[1].missed[MISSED_NO_ENTRY],
			 5 + 4 + 2 + 2);
}

/* Whatever a server writes: the next reading is of what the kernel has counted. */
static void hostile_server(void **state)
{
	struct bench *b = *state;

	nprograms = 1;
	programs[0] = (struct attach_program_counts){
		.mechanism = "kprobe.session",
		.shared = true,
		.reasons = 1U << MISSED_RECURSION,
		.missed = { [MISSED_RECURSION] = 6 },
	};
	slots[1].ops = &session;
	read_once(b);
	assert_int_equal(hostile__run(), 0);
	programs[0].missed[MISSED_RECURSION] = 7;
	kernel[0].missed[MISSED_MAXACTIVE] = 5;
	read_once(b);
	assert_int_equal(missed(b, MISSED_MAXACTIVE), 5);
	assert_int_equal(missed(b, MISSED_RECURSION), 0);
}

/* ---- paused, and attached again ------------------------------------------------------------ */

/* The kernel's counts go with the links, and begin at 0 with the next. */
static void paused_with_returns_counted(void **state)
{
	struct bench *b = *state;

	counted[0] = 90;
	kernel[0] = (struct kernel_counts){ .has_returned = true, .returned = 100 };
	kernel[0].missed[MISSED_RECURSION] = 5;
	kernel[0].missed[MISSED_MAXACTIVE] = 7;
	read_once(b);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 15);
	kernel[0] = (struct kernel_counts){};
	read_once(b);
	missed__restart(b->missed, 0);
	kernel[0] = (struct kernel_counts){ .has_returned = true, .returned = 90 };
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 15);
	assert_int_equal(missed(b, MISSED_MAXACTIVE), 7);
	kernel[0].returned = 93;
	kernel[0].missed[MISSED_RECURSION] = 1;
	kernel[0].missed[MISSED_MAXACTIVE] = 2;
	read_once(b);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 15 + 3 + 1);
	assert_int_equal(missed(b, MISSED_MAXACTIVE), 7 + 2);
}

/* Ten entries without an exit, of 20 skipped runs; what ran when it was paused never ends. */
static void paused_with_skips_counted_twice(void **state)
{
	struct bench *b = *state;

	slots[0].ops = &session;
	counted[0] = 90;
	events[0][RP_EVENT_ENTERED] = 100;
	kernel[0] = (struct kernel_counts){ .has_skipped = true, .skipped = 20 };
	read_once(b);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 15);
	missed__restart(b->missed, 0);
	kernel[0].skipped = 0;
	read_once(b);
	counted[0] += 60;
	events[0][RP_EVENT_ENTERED] += 60;
	kernel[0].skipped = 4;
	read_once(b);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 15 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(returns_that_the_kernel_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paused_with_returns_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paused_with_skips_counted_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tallies_that_are_no_losses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(counters_never_go_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(call_that_is_being_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(losses_are_never_made_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sessions_at_rest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sessions_while_calls_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sessions_of_sleepers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shared_programs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostile_server, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("missed", tests, NULL, NULL);
}
