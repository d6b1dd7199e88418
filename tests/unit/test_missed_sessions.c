/* SPDX-License-Identifier: GPL-2.0-only */
/* Missed calls of mechanisms for which the kernel skips entries and exits separately. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "missed_fixture.h"

struct fate {
	uint64_t counted, e, x, neither, running; /* see missed.c: skipped_calls() */
	uint64_t late;				  /* running, and then e */
	uint64_t filtered;
};

/* Sets the counters of target 0 to what calls with these fates leave behind. */
static void let_happen(struct bench *b, struct fate f)
{
	counted[0] = f.counted;
	events[0][RP_EVENT_NO_ENTRY] = f.e;
	events[0][RP_EVENT_FILTERED] = f.filtered;
	events[0][RP_EVENT_ENTERED] = f.counted + f.filtered + f.x + f.running;
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
		{ .counted = 80, .filtered = 6, .x = 7, .neither = 8 },
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

/*
 * Running calls look like calls whose exit was skipped. At rest they are no losses, and proven
 * losses stay.
 */
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
	/*
	 * They return, except two with neither entry nor exit. One reading sees these as running.
	 */
	let_happen(b, (struct fate){ .counted = 60, .x = 4, .neither = 5, .running = 8 });
	read_once(b);
	let_happen(b, (struct fate){ .counted = 68, .x = 4, .neither = 5 });
	read_once(b);
	read_once(b);
	assert_int_equal(missed(b, MISSED_RECURSION), 9);
}

/*
 * A sleeping call whose entry was skipped appears twice: as a skipped run, and when it returns. It
 * is missed once.
 */
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

/* Ten entries without an exit, of 20 skipped runs. Calls that ran at the pause never end. */
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
		TEST(sessions_at_rest),
		TEST(sessions_while_calls_run),
		TEST(sessions_of_sleepers),
		TEST(paused_with_skips_counted_twice),
	};

	return cmocka_run_group_tests_name("missed_sessions", tests, NULL, NULL);
}
