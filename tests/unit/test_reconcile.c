/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of the machine, names of functions, and room for more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reconcile_bench.h"

/* ---- changes of the machine ----------------------------------------------------------------- */

/* The types of a module that was not loaded with the configuration have not been checked. */
static void test_machine_changed(void **state)
{
	struct bench *b = *state;

	found[2] = "h";
	machine_changed = true;
	assert_true(tick(b, 10));
	assert_true(lenient);
	check(b, "f g h");
	assert_false(tick(b, 10));
	assert_int_equal(discoveries, 1);
	assert_int_equal(weighed, 1);
}

/* f is attached by another mechanism; g stays as it is. */
static void test_preemption_changed(void **state)
{
	struct bench *b = *state;

	outdated = "f";
	assert_true(tick(b, 10));
	assert_int_equal(starts, 1);
	check(b, "f g");
	assert_ptr_not_equal(reconcile__table(b->r)->rows[0].generation,
			     reconcile__table(b->r)->rows[1].generation);
}

/* Targets that appeared while ftrace was off are attached once it is on. */
static void test_put_off(void **state)
{
	struct bench *b = *state;

	put_off = true;
	off = SWITCH_FTRACE;
	found[2] = "h";
	machine_changed = true;
	assert_true(tick(b, 10));
	check(b, "f:disabled g:disabled h:disabled");
	assert_false(tick(b, 100)); /* the rate guard ignores it */
	off = 0;
	assert_true(tick(b, 1));
	check(b, "f g h");
}

/* Whether or not processes run the former file, the function keeps its counts. */
static void test_replaced_file(void **state)
{
	struct bench *b = *state;

	found[0] = "/file#1:f";
	machine_changed = true;
	tick(b, 10);
	starts = 0;
	found[0] = "/file#2:f";
	machine_changed = true;
	tick(b, 10);
	assert_int_equal(followed, 1);
	assert_int_equal(starts, 0);
	check(b, "f g");
	cannot_follow = "it has hazards";
	found[0] = "/file#3:f";
	machine_changed = true;
	tick(b, 10);
	assert_int_equal(followed, 1);
	assert_int_equal(starts, 1);
	check(b, "f g");
}

static void test_removed_file(void **state)
{
	struct bench *b = *state;

	found[0] = "/file#1:f";
	found[1] = "/file#1:h";
	machine_changed = true;
	tick(b, 10);
	/* A glob finds nothing in a missing file. */
	found[0] = "/file:*";
	found[1] = NULL;
	machine_changed = true;
	users = 2;
	tick(b, 10);
	check(b, "h f");
	users = -1; /* unknown */
	tick(b, 100);
	check(b, "h f");
	/* Another file with that name. */
	found[0] = "/file#2:f";
	found[1] = "/file:no";
	machine_changed = true;
	tick(b, 10);
	assert_int_equal(followed, 1);
	check(b, "f no:not_found");
}

static void test_removed_and_unused(void **state)
{
	struct bench *b = *state;

	found[0] = "/file#1:f";
	machine_changed = true;
	tick(b, 10);
	found[0] = "/file:f";
	machine_changed = true;
	users = 1;
	tick(b, 10);
	check(b, "f g");
	/* It exists again. */
	found[0] = "/file#1:f";
	machine_changed = true;
	starts = 0;
	tick(b, 10);
	check(b, "f g");
	assert_int_equal(starts + followed, 0);
	found[0] = "/file:f";
	machine_changed = true;
	tick(b, 10);
	check(b, "f g");
	users = 0;
	tick(b, 100);
	check(b, "f:not_found g");
}

static void test_failed_is_tried_again(void **state)
{
	struct bench *b = *state;

	found[2] = "h";
	machine_changed = true;
	discovery_error = "too many";
	assert_false(tick(b, 10));
	check(b, "f g");
	discovery_error = NULL;
	assert_false(tick(b, 10)); /* not at once, or it would be busy with nothing else */
	assert_int_equal(discoveries, 1);
	assert_true(tick(b, 21));
	check(b, "f g h");
}

/* A failed reload has noticed that the machine changed. The next check must still act on it. */
static void test_failed_reload(void **state)
{
	struct bench *b = *state;
	char *error = NULL;
	bool changed;

	found[2] = "h";
	machine_changed = true;
	discovery_error = "wrong";
	assert_int_equal(reconcile__configure(b->r, b->config, &changed, &error), FAULT_CONFIG);
	free(error);
	check(b, "f g");
	discovery_error = NULL;
	assert_true(tick(b, 10));
	check(b, "f g h");
}

/* ---- several names of one function ---------------------------------------------------------- */

/* As names come and go, the function stays attached and keeps its counts. */
static void test_names(void **state)
{
	struct bench *b = *state;

	found[1] = "k@1";
	reload(b);
	check(b, "f k");
	starts = 0;
	found[1] = "k=l@1";
	reload(b);
	check(b, "f k=l");
	found[1] = "l@1";
	reload(b);
	check(b, "f l");
	found[1] = "l=a=k@1";
	reload(b);
	check(b, "f l=a=k");
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(generation_of(b, i), 1);
	assert_int_equal(starts, 0);
	machine_changed = true;
	assert_false(tick(b, 10));
}

/* Nor does it start another server. */
static void test_names_machine_changed(void **state)
{
	struct bench *b = *state;

	found[0] = "f=k@1";
	found[1] = NULL;
	reload(b);
	found[0] = "k@1";
	machine_changed = true;
	assert_true(tick(b, 10));
	check(b, "k");
	assert_int_equal(generation_of(b, 0), 1);
	machine_changed = true;
	assert_false(tick(b, 10));
}

/* The rate guard pauses the function, and each name shows it. */
static void test_names_overload(void **state)
{
	struct bench *b = *state;

	found[1] = "k=l@1";
	reload(b);
	hot = "k";
	assert_true(tick(b, 10));
	check(b, "f k:overload=l:overload");
	for (size_t i = 1; i < 3; i++)
		assert_int_equal(reconcile__table(b->r)->rows[i].state.detached[REASON_OVERLOAD],
				 1);
	hot = NULL;
	found[1] = "k=l=m@1";
	reload(b);
	check(b, "f k=l=m");
	/* A new name has the function's counts. */
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(reconcile__table(b->r)->rows[i].state.detached[REASON_OVERLOAD],
				 1);
}

/* ---- room ----------------------------------------------------------------------------------- */

static void test_additions(void **state)
{
	static char names[TARGETS][4];
	struct bench *b = *state;

	for (size_t i = 2; i < 30; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		found[i] = names[i];
		reload(b);
	}
	for (size_t i = 0; i < 30; i++) {
		assert_true(reconcile__table(b->r)->rows[i].state.attached);
		assert_int_equal(generation_of(b, i), i < 2 ? 0 : i - 1);
	}
}

static void test_too_many_additions(void **state)
{
	static char names[TARGETS][4];
	struct bench *b = *state;

	for (size_t i = 2; i < 70; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		found[i] = names[i];
		reload(b);
		assert_true(reconcile__table(b->r)->ngenerations <= 64);
	}
	assert_int_equal(generation_of(b, 0), generation_of(b, 60));
	assert_int_equal(generation_of(b, 0) + 4, generation_of(b, 69));
}

/* A new module does not restart the counters of all other probes; a reload does. */
static void test_no_room(void **state)
{
	struct bench *b = *state;
	const struct probe_table *v;

	found[2] = "h";
	memory = 256 * MIB;
	machine_changed = true;
	assert_true(tick(b, 10));
	check(b, "f g h:refused");
	v = reconcile__table(b->r);
	assert_int_equal(generation_of(b, 0), 0);
	assert_string_equal(v->rows[2].state.target->why,
			    "not enough room to add it: 0 more "
			    "targets need 256.0 MiB, and with the 1.0 MiB of those that are "
			    "attached that is more than --memory.limit allows (256.0 MiB); "
			    "reload to re-attach all probes, counters restart at 0");
	assert_false(tick(b, 60));
	reload(b);
	check(b, "f g h");
	assert_int_equal(generation_of(b, 0), generation_of(b, 2));
}

/* Without room for both, the new probes replace the attached ones. */
static void test_no_room_in_the_kernel(void **state)
{
	struct bench *b = *state;

	room = 1;
	found[2] = "h";
	reload(b);
	check(b, "f g h");
	assert_int_equal(reconcile__table(b->r)->ngenerations, 1);
	assert_int_equal(generation_of(b, 0), generation_of(b, 2));
}

/*
 * Everything was detached to make room, and the new probes cannot be attached. The former ones
 * return.
 */
static void test_no_room_in_vain(void **state)
{
	struct bench *b = *state;
	char *error = NULL;
	bool changed;

	room = 1;
	found[2] = "h";
	machine_changed = true;
	start_error = "once";
	assert_int_equal(reconcile__configure(b->r, b->config, &changed, &error), FAULT_MACHINE);
	assert_string_equal(error, "not this time");
	free(error);
	assert_true(changed);
	check(b, "f g h");
	assert_true(reconcile__table(b->r)->rows[0].state.attached);
}

/* If that fails, too, it is retried. */
static void test_no_room_for_long(void **state)
{
	struct bench *b = *state;
	char *error = NULL;
	bool changed;

	room = 1;
	found[2] = "h";
	machine_changed = true;
	start_error = "broken";
	assert_int_equal(reconcile__configure(b->r, b->config, &changed, &error), FAULT_MACHINE);
	free(error);
	assert_true(changed);
	check(b, "f:refused g:refused");
	start_error = NULL;
	assert_true(tick(b, 60));
	check(b, "f g h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_machine_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_preemption_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_put_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replaced_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_and_unused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failed_is_tried_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failed_reload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_machine_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_overload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_additions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_many_additions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room_in_the_kernel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room_in_vain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room_for_long, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
