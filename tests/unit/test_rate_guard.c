/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which targets are called too often or cost too much, alone or in total. The counts and costs are
 * made up: object/, probes/costs.h and the number of CPUs are replaced (REPLACED in the Makefile).
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
#define PRICE	  20e-6 /* CPU seconds of a call */
/* The limit for all user functions together. */
#define LIMIT (CPUS * RATE_GUARD_USER_SHARE / PRICE)

static uint64_t calls[FUNCTIONS], begun[FUNCTIONS], cancelled[FUNCTIONS];
static double price[FUNCTIONS];
static uint64_t noted;

int __wrap_object_maps__refresh(struct object *o);
const struct banks *__wrap_object__banks(const struct object *o);
void __wrap_snapshot__count_runs(const struct banks *b, uint64_t *runs);
void __wrap_snapshot__events(const struct banks *b, uint32_t id, uint64_t events[RP_EVENT_MAX]);
int __wrap_get_nprocs(void);
double __wrap_costs__of_call(struct costs *c, const struct generation *g, uint32_t id);
void __wrap_costs__note(struct costs *c, struct target_cost *cost, uint64_t n);
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

void __wrap_snapshot__events(const struct banks *b, uint32_t id, uint64_t events[RP_EVENT_MAX])
{
	memset(events, 0, RP_EVENT_MAX * sizeof(*events));
	events[RP_SPAN_BEGUN] = begun[id];
	events[RP_SPAN_CANCELLED] = cancelled[id];
}

int __wrap_get_nprocs(void)
{
	return CPUS;
}

double __wrap_costs__of_call(struct costs *c, const struct generation *g, uint32_t id)
{
	return price[id];
}

void __wrap_costs__note(struct costs *c, struct target_cost *cost, uint64_t n)
{
	noted += n;
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

static struct target functions[FUNCTIONS], *pointers[FUNCTIONS];
static struct targets targets = { .v = pointers, .nids = FUNCTIONS };
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
	memset(begun, 0, sizeof(begun));
	memset(cancelled, 0, sizeof(cancelled));
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		functions[i] = (struct target){
			.id = i,
			.type = TARGET_USER,
			.object = "/bin/x",
			.function = "f",
		};
		pointers[i] = &functions[i];
		price[i] = PRICE;
		rows[i] = (struct probe_row){
			.generation = &generation,
			.max_rate = 1000000,
			.state = { .target = &functions[i],
				   .attached = true,
				   .mechanism = "uprobe.multi" },
		};
	}
	guard = rate_guard__new(NULL);
	noted = 0;
	said[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	rate_guard__free(guard);
	free(take_ptr(generation.costs));
	return 0;
}

/* Fifteen seconds of this many calls per second for each. Returns the hot ones, as "0 2". */
static void check(const double *rates, const char *want)
{
	char got[64] = "";

	for (int tick = 0; tick <= 3; tick++) {
		rate_guard__check(guard, &view, 0, tick * 5);
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
	assert_non_null(strstr(said, "probes of programs are hit 55000 times a second in total"));
	assert_non_null(strstr(said, "the 2 busiest of 5"));
}

/* Hundreds of functions, none called often: the limit applies to the sum. */
static void test_none_of_them_often(void **state)
{
	CHECK("0 1 2", 0.21 * LIMIT, 0.21 * LIMIT, 0.21 * LIMIT, 0.2 * LIMIT, 0.2 * LIMIT);
}

/* As with uprobe.ret. */
static void test_two_traps(void **state)
{
	price[2] = 2 * PRICE;
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

static void test_usdt_probes(void **state)
{
	functions[0].type = functions[1].type = TARGET_USER_EVENT;
	CHECK("0", 0.7 * LIMIT, 0.2 * LIMIT, 0.2 * LIMIT);
}

/* Points of the kernel do not trap. */
static void test_spans(void **state)
{
	static struct target_file file = { .path = "/bin/x" };

	functions[0].type = functions[1].type = TARGET_SPAN;
	functions[1].files = &file;
	functions[1].nfiles = 1;
	CHECK("1", 10 * LIMIT, 0.7 * LIMIT, 0.4 * LIMIT);
}

/* Of those that never end, the begin and the cancel. */
static void test_points_of_spans(void **state)
{
	static struct target_file file = { .path = "/bin/x" };

	functions[0].type = TARGET_SPAN;
	functions[0].files = &file;
	functions[0].nfiles = 1;
	for (int tick = 0; tick <= 3; tick++) {
		rate_guard__check(guard, &view, 0, tick * 5);
		begun[0] += (uint64_t)(0.6 * LIMIT * 5);
		cancelled[0] += (uint64_t)(0.6 * LIMIT * 5);
	}
	assert_non_null(rate_guard__why_hot(guard, &generation, 0));
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
	rate_guard__check(guard, &view, 0, 0);
	calls[0] = 1000000000;
	assert_int_equal(rate_guard__check(guard, &view, 0, 5), 0);
	assert_int_equal(rate_guard__check(guard, &view, 0, 10), 1);
	assert_int_equal(rate_guard__check(guard, &view, 0, 20), 0);
}

/* ---- CPU time -------------------------------------------------------------------------------- */

/* All functions are kernel functions with a budget each, or with none of their own (0). */
static void set_budget(double max_cpu)
{
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		functions[i].type = TARGET_KERNEL;
		rows[i].max_rate = 0;
		rows[i].max_cpu = max_cpu;
		rows[i].state.has_max_cpu = true;
		price[i] = 1e-6;
	}
}

static double spent(uint32_t id)
{
	return generation.costs[id].spent;
}

static void assert_near(double got, double want)
{
	if (got < want * 0.999 || got > want * 1.001)
		fail_msg("%g, and not %g", got, want);
}

/* A function that takes a whole CPU of the four may take one in a hundred of all. */
static void test_budget(void **state)
{
	set_budget(0.01);
	rate_guard__check(guard, &view, 0, 100);
	calls[0] += 5 * 1000000;
	calls[1] += 5 * 40000; /* exactly its budget */
	assert_int_equal(rate_guard__check(guard, &view, 0, 105), 1);
	assert_non_null(rate_guard__why_hot(guard, &generation, 0));
	assert_string_equal(said, "/bin/x:f takes 25 % of the machine's CPU time, more than its "
				  "max_cpu of 1 %: it is detached for a while");
	assert_string_equal(rate_guard__why_hot(guard, &generation, 0),
			    "its calls took 25 % of the machine's CPU time, more than max_cpu "
			    "(1 %)");
	assert_near(spent(0), 5);
	assert_near(spent(1), 0.2);
	assert_int_equal(noted, 5200000);
	/* 5 s of CPU time at 0.04 a second, less those of the check. */
	assert_near(rate_guard__pause(guard, &generation, 0, 105), 120);
	assert_false(rate_guard__is_due(guard, &generation, 0, 224));
	assert_true(rate_guard__is_due(guard, &generation, 0, 225));
}

/* However often it comes back, it has its budget on average, and pauses do not grow. */
static void test_budget_is_held(void **state)
{
	double now = 5, resumed_at = 0;

	set_budget(0.01);
	for (bool attached = true; now < 20000; now += 5) {
		rows[0].state.attached = attached;
		if (rate_guard__check(guard, &view, 0, now)) {
			attached = false;
			assert_true(rate_guard__pause(guard, &generation, 0, now) < 500);
		} else if (!attached && rate_guard__is_due(guard, &generation, 0, now)) {
			attached = true;
			rate_guard__resumed(guard, &generation, 0, now);
			resumed_at = now;
		}
		calls[0] += attached ? 5 * 4000000 : 0; /* all four CPUs */
	}
	assert_true(resumed_at > 18000);
	assert_true(spent(0) / (20000 * CPUS) < 0.0101);
	assert_true(spent(0) / (20000 * CPUS) > 0.0090);
}

/* Calls from before a target had a budget are in its total, but are no debt. */
static void test_budget_begins(void **state)
{
	rate_guard__check(guard, &view, 0, 0);
	calls[0] = 7000000;
	rate_guard__check(guard, &view, 0, 5);
	set_budget(0.01);
	assert_int_equal(rate_guard__check(guard, &view, 0, 10), 0);
	assert_near(spent(0), 7);
	assert_int_equal(rate_guard__check(guard, &view, 0, 15), 0);
	/* The same if the budget was gone for a while. */
	rows[0].state.has_max_cpu = false;
	rows[0].max_cpu = 0;
	calls[0] += 50000000;
	assert_int_equal(rate_guard__check(guard, &view, 0, 20), 0);
	set_budget(0.01);
	assert_int_equal(rate_guard__check(guard, &view, 0, 25), 0);
	calls[0] += 5 * 40001;
	assert_int_equal(rate_guard__check(guard, &view, 0, 30), 1);
	assert_near(rate_guard__pause(guard, &generation, 0, 30), RATE_GUARD_PAUSE);
}

/* The dearest, until the others fit; not those of one that goes anyway. */
static void test_budget_of_all(void **state)
{
	set_budget(0);
	rows[0].max_cpu = 0.1;
	price[2] = 10e-6;
	rate_guard__check(guard, &view, 0.02, 100);
	calls[0] += 5 * 500000;
	calls[1] += 5 * 50000;
	calls[2] += 5 * 9000; /* 90 ms a second */
	calls[3] += 5 * 20000;
	assert_int_equal(rate_guard__check(guard, &view, 0.02, 105), 2);
	assert_non_null(strstr(rate_guard__why_hot(guard, &generation, 0), "than max_cpu (10 %)"));
	assert_string_equal(rate_guard__why_hot(guard, &generation, 2),
			    "all probes together took 4 % of the machine's CPU time, more than "
			    "--max-cpu (2 %), and this was one of the most expensive (2.2 %)");
	assert_string_equal(said,
			    "all probes together take 4 % of the machine's CPU time, more "
			    "than --max-cpu of 2 %: the 1 most expensive of 3 are detached for a "
			    "while");
	/* All have used 3.3 s, and had 0.4. Of 0.08 a second, the others leave 0.02, but at least
	 * a quarter. */
	assert_near(rate_guard__pause(guard, &generation, 2, 105), (3.3 - 0.4) / 0.02);
}

static void test_budget_of_all_is_kept(void **state)
{
	set_budget(0);
	rate_guard__check(guard, &view, 0.02, 100);
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		calls[i] += 5 * 16000;
	assert_int_equal(rate_guard__check(guard, &view, 0.02, 105), 0);
	assert_string_equal(said, "");
}

/* User functions with a budget of their own are not in the sum of all user functions, and with
 * --max-cpu there is no such sum. */
static void test_budget_of_user_functions(void **state)
{
	rows[0].max_cpu = 1;
	rows[0].state.has_max_cpu = true;
	CHECK("", LIMIT, LIMIT / 2);
	rows[0].max_cpu = 0;
	CHECK("0", LIMIT, LIMIT / 2);
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		rows[i].state.has_max_cpu = true;
	for (int tick = 4; tick <= 8; tick++) {
		assert_int_equal(rate_guard__check(guard, &view, 0.9, tick * 5), 0);
		calls[0] += (uint64_t)(LIMIT * 5);
		calls[1] += (uint64_t)(LIMIT * 5);
	}
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
		cmocka_unit_test_setup_teardown(test_usdt_probes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_spans, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_points_of_spans, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_both, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_beginning, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_budget, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_budget_is_held, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_budget_begins, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_budget_of_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_budget_of_all_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_budget_of_user_functions, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("rate_guard", tests, NULL, NULL);
}
