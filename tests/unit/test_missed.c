/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Missed calls, computed from the counters of the kernel and of our programs.
 * test_missed_sessions.c has the mechanisms for which the kernel skips entries and exits
 * separately.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "hostile.h"
#include "missed_fixture.h"

/*
 * The kernel knows of 100 returns: 80 counted, 7 filtered out, 5 without an entry. So our program
 * missed 8.
 */
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

	/* In addition, breakpoints that the kernel skipped, and calls without a return slot. */
	kernel[0].missed[MISSED_RECURSION] = 3;
	kernel[0].missed[MISSED_MAXACTIVE] = 4;
	events[0][RP_EVENT_DEPTH] = 2;
	events[0][RP_EVENT_UNWOUND] = 3;
	events[0][RP_EVENT_TRAPPED] = 6;
	kernel[0].missed[MISSED_UNWOUND] = 4; /* found after their threads had ended */
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 11);
	assert_int_equal(missed(b, MISSED_MAXACTIVE), 4);
	assert_int_equal(missed(b, MISSED_DEPTH), 2);
	assert_int_equal(missed(b, MISSED_UNWOUND), 7);
	assert_int_equal(missed(b, MISSED_TRAPPED), 6);
	/* None for the other target. */
	for (int r = 0; r < MISSED_MAX; r++)
		assert_int_equal(b->view->targets[1].missed[r], 0);
}

/* Not losses: leftover frames, calls from before, entries. */
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

/* The kernel's count is read first: calls that return in between are only in the cells. */
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
	assert_int_equal(waits, 1); /* no new losses were suspected */
}

static void end_one(void)
{
	counted[0] = 100;
}

/*
 * A call is no loss if the kernel has counted it and its program is still running. Repeated reads
 * do not change that.
 */
static void call_that_is_being_counted(void **state)
{
	struct bench *b = *state;

	kernel[0] = (struct kernel_counts){ .has_returned = true, .returned = 100 };
	counted[0] = 99;
	wait_error = -ENOMEM; /* then nothing is known about it */
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

/*
 * Calls that come and go during the reads. Some are held between the kernel's count and ours, some
 * are lost. The kernel's count is read first. Then anything can happen.
 */
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
	/* At rest all losses are found. */
	counted[0] += model.held;
	kernel[0].returned = model.returned;
	let_programs_end = NULL;
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), model.lost);
}

/* A shared program: the kernel counts per program, so the losses have no function. */
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
	counted[0] = 1000; /* these are not of the session */
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

	/* Three more are running, two of them without an entry. Then they return. */
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

/* Answered system calls that were missed: of all calls together, from 0, and never fewer. */
static void answered_calls(void **state)
{
	static const uint64_t readings[][MISSED_MAX] = {
		{ 0 },
		{ [MISSED_RECURSION] = 3, [MISSED_MAXACTIVE] = 2 },
		{ [MISSED_RECURSION] = 4 },
	};
	struct bench *b = *state;
	const struct missed_program *seen = &b->view->programs[MISSED_ANSWERED];

	read_once(b);
	assert_false(seen->shared);
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		answers = readings[i];
		read_once(b);
		assert_true(seen->shared);
		assert_int_equal(seen->reasons, 1U << MISSED_RECURSION | 1U << MISSED_MAXACTIVE);
		assert_int_equal(seen->missed[MISSED_RECURSION], i ? i + 2 : 0);
		assert_int_equal(seen->missed[MISSED_MAXACTIVE], i ? 2 : 0);
	}
	assert_string_equal(shared_missed__name(MISSED_ANSWERED), "answered");
	assert_int_not_equal(shared_missed__mechanism("uretprobe"), MISSED_ANSWERED);
}

/* Whatever a server writes, the next reading has what the kernel counted. */
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

/* ---- paused and attached again -------------------------------------------------------------- */

/* The kernel's counts go with the links, and start at 0 with the next ones. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(returns_that_the_kernel_counts),
		TEST(paused_with_returns_counted),
		TEST(tallies_that_are_no_losses),
		TEST(counters_never_go_back),
		TEST(call_that_is_being_counted),
		TEST(losses_are_never_made_up),
		TEST(shared_programs),
		TEST(answered_calls),
		TEST(hostile_server),
	};

	return cmocka_run_group_tests_name("missed", tests, NULL, NULL);
}
