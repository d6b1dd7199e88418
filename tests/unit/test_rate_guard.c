/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which targets are called too often, alone or in total. The counts are made up: object/ and the
 * number of CPUs are replaced (REPLACED in the Makefile).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "probes/rate_guard.h"

#define FUNCTIONS 5
#define CPUS	  4
/* The limit for all user functions together, with one trap per call. */
#define LIMIT (CPUS * RATE_GUARD_USER_SHARE / RATE_GUARD_USER_CALL)

static uint64_t calls[FUNCTIONS];

int __wrap_object_maps__refresh(struct object *o);
const struct banks *__wrap_object__banks(const struct object *o);
void __wrap_snapshot__count_runs(const struct banks *b, uint64_t *runs);
int __wrap_get_nprocs(void);
void __wrap_log__line(enum log_level level, const char *fmt, ...);

int __wrap_object_maps__refresh(struct object *o)
{
	return 0;
}

const struct banks *__wrap_object__banks(const struct object *o)
{
	return NULL;
}

void __wrap_snapshot__count_runs(const struct banks *b, uint64_t *runs)
{
	memcpy(runs, calls, sizeof(calls));
}

int __wrap_get_nprocs(void)
{
	return CPUS;
}

static char said[1000];

void __wrap_log__line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

/* ---- functions of one generation ---------------------------------------------------------------
 */

static struct target functions[FUNCTIONS];
static struct targets targets = { .nids = FUNCTIONS };
static struct generation generation = { .targets = &targets };
static struct probe_row rows[FUNCTIONS];
static struct generation *generations[] = { &generation };
static struct probe_table view = {
	.rows = rows,
	.n = FUNCTIONS,
	.generations = generations,
	.ngenerations = 1,
};
static struct rate_guard *guard;

static int set_up(void **state)
{
	memset(calls, 0, sizeof(calls));
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		functions[i] = (struct target){
			.id = i,
			.type = TARGET_USER,
			.object = "/bin/x",
			.function = "f",
		};
		rows[i] = (struct probe_row){
			.generation = &generation,
			.max_rate = 1000000,
			.state = { .target = &functions[i],
				   .attached = true,
				   .mechanism = "uprobe.multi" },
		};
	}
	guard = rate_guard__new();
	said[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	rate_guard__free(guard);
	return 0;
}

/* Fifteen seconds of this many calls per second for each. Returns the hot ones, as "0 2". */
static void check(const double *rates, const char *want)
{
	char got[64] = "";

	for (int tick = 0; tick <= 3; tick++) {
		rate_guard__check(guard, &view, tick * 5);
		for (uint32_t i = 0; i < FUNCTIONS; i++)
			calls[i] += (uint64_t)(rates[i] * 5);
	}
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		if (rate_guard__why_hot(guard, &generation, i))
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u",
				 *got ? " " : "", i);
	assert_string_equal(got, want);
}

#define CHECK(want, ...) check((const double[FUNCTIONS]){ __VA_ARGS__ }, want)

static void test_one(void **state)
{
	rows[0].state.target = &functions[0];
	functions[0].type = TARGET_KERNEL;
	CHECK("0", 1000001, 10);
	assert_non_null(
		strstr(rate_guard__why_hot(guard, &generation, 0), "more than 1000000 times"));
	assert_non_null(strstr(said, "/bin/x:f is called 1000001 times a second, more than its "));
}

static void test_one_that_may(void **state)
{
	functions[0].type = TARGET_KERNEL;
	CHECK("", 999999, 10);
}

static void test_no_limit(void **state)
{
	rows[0].max_rate = 0;
	rows[0].own_rate = true;
	CHECK("", 5000000);
}

static void test_sum_that_may(void **state)
{
	CHECK("", LIMIT / 2, LIMIT / 4, LIMIT / 4 - 1);
	assert_string_equal(said, "");
}

/* The busiest, until half of the limit is left. */
static void test_sum(void **state)
{
	CHECK("1 3", 0.2 * LIMIT, 0.4 * LIMIT, 0.1 * LIMIT, 0.3 * LIMIT, 0.1 * LIMIT);
	assert_non_null(strstr(rate_guard__why_hot(guard, &generation, 1), "in total"));
	assert_non_null(strstr(said, "user functions are called 55000 times a second in total"));
	assert_non_null(strstr(said, "the 2 busiest of 5"));
}

/* Hundreds of functions, none called often: the limit applies to the sum. */
static void test_none_of_them_often(void **state)
{
	CHECK("0 1 2", 0.21 * LIMIT, 0.21 * LIMIT, 0.21 * LIMIT, 0.2 * LIMIT, 0.2 * LIMIT);
}

/* uprobe.ret takes two traps. */
static void test_two_traps(void **state)
{
	rows[2].state.mechanism = "uprobe.ret";
	CHECK("2", 0.3 * LIMIT, 0.1 * LIMIT, 0.31 * LIMIT);
}

/*
 * Not in the sum:
 * - kernel functions
 * - further names of a function
 * - functions that are not attached
 * - functions with a max_rate of their own, even while paused
 */
static void test_not_in_the_sum(void **state)
{
	functions[0].type = TARGET_KERNEL;
	rows[1].state.again = true;
	rows[2].state.attached = false;
	rows[3].own_rate = true;
	CHECK("", LIMIT, LIMIT, LIMIT, LIMIT, LIMIT / 2);
}

static void test_both(void **state)
{
	rows[0].own_rate = true;
	rows[0].max_rate = 10;
	CHECK("0", LIMIT, LIMIT / 2);
	assert_non_null(strstr(rate_guard__why_hot(guard, &generation, 0), "more than 10 times"));
}

/* Nothing is known before the window is full. */
static void test_beginning(void **state)
{
	rate_guard__check(guard, &view, 0);
	calls[0] = 1000000000;
	assert_int_equal(rate_guard__check(guard, &view, 5), 0);
	assert_int_equal(rate_guard__check(guard, &view, 10), 1);
	assert_int_equal(rate_guard__check(guard, &view, 20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_that_may, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sum_that_may, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sum, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_none_of_them_often, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_traps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_in_the_sum, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_both, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_beginning, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("rate_guard", tests, NULL, NULL);
}
