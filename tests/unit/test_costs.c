/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the cost of mechanisms and programs is measured. The measurements and the kernel's counters
 * are replaced (REPLACED in the Makefile).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "attach/overhead.h"
#include "base/log.h"
#include "kernel/switches.h"
#include "probes/costs.h"

#define FUNCTIONS 3

static unsigned measured; /* mechanisms */
static const struct attach_ops *last;
static const char *refused;
static struct program_counts counts[FUNCTIONS];
static int stats; /* switched on so often; negative errno: refused */
static char said[1000];
static struct attach_slot slots[FUNCTIONS];

int __wrap_overhead__measure(const struct attach_ops *ops, struct features *f, bool only_return,
			     double *seconds, char **why);
const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n);
struct program_counts __wrap_attach__count_slot(struct attach *a, uint32_t id);
int __wrap_bpf_enable_stats(int type); /* enum bpf_stats_type */
void __wrap_log__line(enum log_level level, const char *fmt, ...);

int __wrap_overhead__measure(const struct attach_ops *ops, struct features *f, bool only_return,
			     double *seconds, char **why)
{
	measured++;
	last = ops;
	if (refused) {
		*why = xstrdup(refused);
		return -EPERM;
	}
	*seconds = only_return ? 1e-6 : 2e-6;
	return 0;
}

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n)
{
	*n = FUNCTIONS;
	return slots;
}

struct program_counts __wrap_attach__count_slot(struct attach *a, uint32_t id)
{
	return counts[id];
}

int __wrap_bpf_enable_stats(int type)
{
	if (stats < 0)
		return stats;
	stats++;
	return open("/", O_PATH | O_CLOEXEC);
}

void __wrap_log__line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level < LOG_WARN)
		return;
	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

/* ---- functions of one generation ------------------------------------------------------------- */

static struct probe_settings settings[FUNCTIONS];
static struct target functions[FUNCTIONS];
static struct target *pointers[FUNCTIONS] = { &functions[0], &functions[1], &functions[2] };
static struct targets targets = { .v = pointers, .n = FUNCTIONS, .nids = FUNCTIONS };
static struct config config;
static struct generation generation = { .targets = &targets, .config = &config };
static struct probe_row rows[FUNCTIONS];
static struct probe_table table = { .rows = rows, .n = FUNCTIONS };
static struct costs *costs;

static int set_up(void **state)
{
	static const struct attach_ops *const ops[FUNCTIONS] = { &attach_kretprobe,
								 &attach_kretprobe,
								 &attach_tracepoint };

	memset(settings, 0, sizeof(settings));
	memset(counts, 0, sizeof(counts));
	config = (struct config){};
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		functions[i] = (struct target){ .id = i, .settings = &settings[i] };
		slots[i] = (struct attach_slot){ .target = &functions[i], .ops = ops[i] };
		rows[i] = (struct probe_row){
			.generation = &generation,
			.state = { .target = &functions[i], .attached = true },
		};
	}
	generation.costs = xcalloc(FUNCTIONS, sizeof(*generation.costs));
	costs = costs__new(NULL);
	measured = stats = 0;
	refused = NULL;
	*said = '\0';
	return 0;
}

static int tear_down(void **state)
{
	costs__free(costs);
	free(take_ptr(generation.costs));
	return 0;
}

static void assert_cost(uint32_t id, double want)
{
	double got = costs__of_call(costs, &generation, id);

	if (got < want * 0.999 || got > want * 1.001)
		fail_msg("%g s, and not %g", got, want);
}

/* Programs run so often, and take 300 ns each. */
static void run(uint32_t id, unsigned runs)
{
	counts[id].runs += runs;
	counts[id].run_ns += runs * 300;
}

/* ---- mechanisms ------------------------------------------------------------------------------ */

/* Without a budget, nothing is measured before somebody asks; then once. */
static void test_mechanism(void **state)
{
	costs__prepare(costs, &generation, 0);
	assert_int_equal(measured, 0);
	assert_cost(0, 2e-6);
	assert_cost(1, 2e-6);
	assert_int_equal(measured, 1);
	functions[1].untimed = true;
	assert_cost(1, 1e-6);
	assert_int_equal(measured, 2);
}

static void test_prepare(void **state)
{
	settings[1].max_cpu = 0.01;
	costs__prepare(costs, &generation, 0);
	assert_int_equal(measured, 1);
	config.max_cpu = 0.01;
	costs__free(costs);
	costs = costs__new(NULL);
	costs__prepare(costs, &generation, 0);
	assert_int_equal(measured, 3);
	assert_cost(2, 2e-6);
	assert_int_equal(measured, 3);
}

/* Once they are in use, tracepoints cannot be measured any more. */
static void test_tracepoints_in_use(void **state)
{
	costs__prepare(costs, &generation, 0);
	assert_cost(2, 0);
	assert_cost(2, 0);
	assert_int_equal(measured, 0);
	assert_non_null(strstr(said, "cannot measure what tracepoint costs"));
	assert_non_null(strstr(said, "restart to measure them"));
}

static void test_refused(void **state)
{
	refused = "no";
	assert_cost(0, 0);
	assert_cost(0, 0);
	assert_int_equal(measured, 1);
	assert_non_null(strstr(said, "cannot measure what kretprobe costs"));
}

/* Each point of a span is a program at a place, in a file or not. */
static void test_spans(void **state)
{
	static struct target_file file = { .path = "/bin/x" };

	slots[0].ops = &attach_span;
	functions[0].type = TARGET_SPAN;
	generation.costs[0].per_run = 300e-9;
	assert_cost(0, 2e-6 + 300e-9);
	assert_ptr_equal(last, &attach_span);
	functions[0].files = &file;
	functions[0].nfiles = 1;
	assert_cost(0, 2e-6 + 300e-9);
	assert_ptr_equal(last, &attach_uprobe);
}

/* Not while its programs do not run. */
static void test_switched_off(void **state)
{
	costs__tick(costs, &table, SWITCH_KPROBES, 1);
	assert_cost(0, 0);
	assert_int_equal(measured, 0);
	costs__tick(costs, &table, 0, 2);
	assert_cost(0, 2e-6);
}

/* ---- programs -------------------------------------------------------------------------------- */

static void note(uint32_t id, uint64_t calls)
{
	generation.costs[id].counted = true;
	costs__note(costs, &generation.costs[id], calls);
}

/* For a moment at the first calls, then for targets that are called often, and every ten minutes.
 */
static void test_programs(void **state)
{
	costs__tick(costs, &table, 0, 10);
	assert_int_equal(stats, 0);
	note(0, 1);
	costs__tick(costs, &table, 0, 11);
	assert_int_equal(stats, 1);
	run(0, 10);
	costs__tick(costs, &table, 0, 12);
	assert_cost(0, 2e-6 + 2 * 300e-9);
	assert_cost(1, 2e-6);
	functions[0].untimed = true;
	assert_cost(0, 1e-6 + 300e-9);

	note(0, 1000000);
	note(1, COSTS_MANY - 1);
	costs__tick(costs, &table, 0, 13);
	assert_int_equal(stats, 1);
	note(1, COSTS_MANY);
	costs__tick(costs, &table, 0, 14);
	assert_int_equal(stats, 2);
	run(1, 4);
	costs__tick(costs, &table, 0, 15);
	assert_cost(1, 2e-6 + 2 * 300e-9);

	note(0, 1);
	costs__tick(costs, &table, 0, 16);
	costs__tick(costs, &table, 0, 614);
	assert_int_equal(stats, 2);
	costs__tick(costs, &table, 0, 615);
	assert_int_equal(stats, 3);
}

/* Only runs since the last time count. */
static void test_newer_times(void **state)
{
	note(0, COSTS_MANY);
	costs__tick(costs, &table, 0, 1);
	run(0, 10);
	costs__tick(costs, &table, 0, 2);
	note(0, 1);
	costs__tick(costs, &table, 0, 700);
	counts[0].runs += 100;
	counts[0].run_ns += 100 * 500;
	costs__tick(costs, &table, 0, 701);
	assert_cost(0, 2e-6 + 2 * 500e-9);
}

/* What the programs of earlier calls took is added when it is known. */
static void test_untimed_calls(void **state)
{
	note(0, 1000);
	costs__tick(costs, &table, 0, 1);
	run(0, 10);
	costs__tick(costs, &table, 0, 2);
	assert_true(generation.costs[0].spent > 599e-6 && generation.costs[0].spent < 601e-6);
	note(0, 1000);
	assert_int_equal(generation.costs[0].untimed, 0);
}

/* A target that is paused within seconds is measured when it comes back. */
static void test_resumed(void **state)
{
	costs__resumed(costs, &generation, 0);
	costs__tick(costs, &table, 0, 1);
	assert_int_equal(stats, 0);
	note(0, COSTS_MANY);
	costs__tick(costs, &table, 0, 2);
	rows[0].state.attached = false;
	costs__tick(costs, &table, 0, 3);
	assert_cost(0, 2e-6);
	costs__tick(costs, &table, 0, 4);
	assert_int_equal(stats, 1);
	rows[0].state.attached = true;
	costs__resumed(costs, &generation, 0);
	costs__tick(costs, &table, 0, 100);
	assert_int_equal(stats, 2);
	run(0, 10);
	costs__tick(costs, &table, 0, 101);
	assert_cost(0, 2e-6 + 2 * 300e-9);
	costs__resumed(costs, &generation, 0);
	costs__tick(costs, &table, 0, 102);
	assert_int_equal(stats, 2);
}

/* Without the privilege, only where root has switched them on. */
static void test_no_statistics(void **state)
{
	stats = -EPERM;
	note(0, COSTS_MANY);
	costs__tick(costs, &table, 0, 1);
	run(0, 10);
	costs__tick(costs, &table, 0, 2);
	assert_string_equal(said, "");
	assert_cost(0, 2e-6 + 2 * 300e-9);

	note(1, COSTS_MANY);
	costs__tick(costs, &table, 0, 3);
	costs__tick(costs, &table, 0, 4);
	assert_non_null(strstr(said, "cannot measure the run time of programs (Operation not"));
	*said = '\0';
	note(1, COSTS_MANY);
	costs__tick(costs, &table, 0, 5);
	run(1, 10);
	costs__tick(costs, &table, 0, 6);
	assert_cost(1, 2e-6); /* not tried again so soon */
	costs__tick(costs, &table, 0, 605);
	costs__tick(costs, &table, 0, 606);
	assert_cost(1, 2e-6 + 2 * 300e-9);
	assert_string_equal(said, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mechanism, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_prepare, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tracepoints_in_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_spans, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_switched_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_programs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_newer_times, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_untimed_calls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_resumed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_statistics, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("costs", tests, NULL, NULL);
}
