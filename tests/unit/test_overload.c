/* SPDX-License-Identifier: GPL-2.0-only */
/* Pauses for overload, and kernel switches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reconcile_bench.h"

/* ---- overload ------------------------------------------------------------------------------- */

/* A paused probe keeps its slot and its counts, and is attached again later. */
static void test_overload(void **state)
{
	struct bench *b = *state;

	hot = "f";
	assert_true(tick(b, 10));
	check(b, "f:overload g");
	assert_int_equal(generation_of(b, 0), 0);
	assert_string_equal(
		row(b, 0)->state.target->why,
		"it was called too often; it is attached again after 1 min, or by a reload");
	hot = NULL;
	assert_false(tick(b, 30));
	assert_false(tick(b, 25));
	assert_true(tick(b, 5));
	check(b, "f g");
	assert_int_equal(generation_of(b, 0), 0);
	assert_int_equal(row(b, 0)->state.detached[REASON_OVERLOAD], 1);
	assert_int_equal(starts + discoveries, 0);
}

/* The pause of a function that exceeds its rate whenever it is attached. */
static double next_pause(struct bench *b)
{
	double begin;

	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	check(b, "f:overload g");
	for (begin = b->now; !row(b, 0)->state.attached;)
		tick(b, 5);
	return b->now - begin;
}

static void test_pauses_grow(void **state)
{
	static const double want[] = { 60, 120, 240, 480, 960, 1920, 3600, 3600 };
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_true(next_pause(b) == want[i]);
	tick(b, 3580);
	assert_true(next_pause(b) == 3600);
	tick(b, 3590);
	assert_true(next_pause(b) == 60);
	assert_true(next_pause(b) == 120);
	assert_int_equal(row(b, 0)->state.detached[REASON_OVERLOAD], 11);
}

static void test_overload_ends_with_a_reload(void **state)
{
	struct bench *b = *state;
	char *error = NULL;
	bool changed;

	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	assert_int_equal(reconcile__configure(b->r, b->config, &changed, &error), 0);
	assert_true(changed);
	check(b, "f g");
	assert_int_equal(generation_of(b, 0), 0);
}

/* A new module neither attaches it nor loses its counts. */
static void test_overload_and_machine_changed(void **state)
{
	struct bench *b = *state;

	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	found[2] = "h";
	machine_changed = true;
	assert_true(tick(b, 10));
	check(b, "f:overload g h");
	assert_int_equal(generation_of(b, 0), 0);
	assert_true(tick(b, 50));
	check(b, "f g h");
}

/* Regardless of other failures that are waiting for a retry. */
static void test_overload_without_a_plan(void **state)
{
	struct bench *b = *state;

	discovery_error = "too many";
	machine_changed = true;
	assert_false(tick(b, 10));
	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	check(b, "f:overload g");
	assert_true(tick(b, 60));
	check(b, "f g");
}

/* Functions that shared its link go on counting, and their gap is exported. */
static void test_overload_of_a_link(void **state)
{
	struct bench *b = *state;

	hot = "f";
	together = true;
	assert_true(tick(b, 10));
	check(b, "f:overload g");
	assert_int_equal(generation_of(b, 1), 0);
	assert_int_equal(row(b, 1)->state.detached[REASON_RELINKED], 1);
	assert_int_equal(row(b, 1)->state.detached[REASON_OVERLOAD], 0);
	assert_int_equal(row(b, 0)->state.detached[REASON_RELINKED], 0);
}

/* A failure to attach again is retried later. */
static void test_refused_again(void **state)
{
	struct bench *b = *state;

	hot = "f";
	together = true;
	refused = "g";
	assert_true(tick(b, 10));
	check(b, "f:overload g:refused");
	assert_int_equal(row(b, 1)->state.detached[REASON_REFUSED], 1);
	assert_int_equal(generation_of(b, 1), 0);
	hot = NULL;
	assert_true(tick(b, 60));
	check(b, "f g:refused");
	refused = NULL;
	assert_false(tick(b, 60));
	assert_true(tick(b, 60));
	check(b, "f g");
}

/* ---- switches ------------------------------------------------------------------------------- */

/* Nothing is detached: it counts again as soon as possible. */
static void test_switched_off(void **state)
{
	struct bench *b = *state;

	off = SWITCH_KPROBES;
	assert_false(tick(b, 1));
	check(b, "f g");
	off |= SWITCH_FTRACE;
	assert_true(tick(b, 1));
	check(b, "f:disabled g:disabled");
	assert_string_equal(row(b, 0)->state.target->why,
			    "kernel.ftrace_enabled is 0: nothing is counted until it is 1 again");
	assert_int_equal(generation_of(b, 0), 0);
	assert_false(tick(b, 1));
	reload(b);
	check(b, "f:disabled g:disabled");
	off = 0;
	assert_true(tick(b, 1));
	check(b, "f g");
	assert_int_equal(generation_of(b, 0), 0);
	assert_int_equal(starts, 0);
}

static void test_switched_off_while_paused(void **state)
{
	struct bench *b = *state;

	hot = "f";
	assert_true(tick(b, 10));
	hot = NULL;
	off = SWITCH_FTRACE;
	assert_true(tick(b, 1));
	check(b, "f:overload g:disabled");
	found[2] = "h";
	machine_changed = true;
	assert_true(tick(b, 2));
	assert_true(tick(b, 1));
	check(b, "f:overload g:disabled h:disabled");
	assert_true(tick(b, 60));
	tick(b, 1);
	check(b, "f:disabled g:disabled h:disabled");
	off = 0;
	assert_true(tick(b, 1));
	check(b, "f g h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_overload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overload_without_a_plan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pauses_grow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overload_ends_with_a_reload, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_overload_and_machine_changed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_overload_of_a_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_switched_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_switched_off_while_paused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("overload", tests, NULL, NULL);
}
