/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls in progress: start times from slots, ages, and counts by target. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "config/config.h"
#include "expr/capture.h"
#include "object/scan.h"
#include "object/state.h"
#include "scan/scan.h"
#include "scan/seen.h"

#define STACK  0xffffc90000700000ULL
#define NSLOTS 8
#define SECOND 1000000000ULL

/* ---- start times -------------------------------------------------------------------------------
 */

static uint64_t slots[NSLOTS * RP_SLOT_WORDS], captures[NSLOTS * RP_CAPTURE_SLOT_WORDS];
static struct object object = {
	.slots = slots,
	.capture_slots = captures,
	.plan = { .nslots = NSLOTS, .ncapture_slots = NSLOTS },
};

static void put(size_t i, uint32_t id, uint64_t addr, uint64_t start)
{
	slots[i * RP_SLOT_WORDS + RP_SLOT_KEY] = addr ^ (uint64_t)id << 48;
	slots[i * RP_SLOT_WORDS + RP_SLOT_START] = start;
}

static int clear(void **state)
{
	memset(slots, 0, sizeof(slots));
	memset(captures, 0, sizeof(captures));
	return 0;
}

static uint64_t find(uint32_t id, uint64_t through, uint32_t i, uint32_t n)
{
	struct object_starts *s = object_scan__starts(&object);
	uint64_t start = object_starts__find(s, id, STACK, through, i, n);

	object_starts__free(s);
	return start;
}

static void test_start(void **state)
{
	put(0, 7, STACK + 0x3f00, 100);
	put(1, 8, STACK + 0x3e00, 200);
	put(2, 7, STACK + 0x4000, 300); /* of the next stack */
	put(3, 7, STACK - 8, 400);
	assert_int_equal(find(7, 0, 0, 1), 100);
	assert_int_equal(find(8, 0, 0, 1), 200);
	assert_int_equal(find(9, 0, 0, 1), 0);
	put(0, 7, (STACK + 0x3f00) | 1, 100); /* marked */
	assert_int_equal(find(7, 0, 0, 1), 100);
}

/* The innermost call has the lowest address. With a call too many, it is unknown whose is whose. */
static void test_recursion(void **state)
{
	put(0, 7, STACK + 0x3f00, 100);
	put(1, 7, STACK + 0x3000, 300);
	put(2, 7, STACK + 0x3800, 200);
	assert_int_equal(find(7, 0, 0, 3), 300);
	assert_int_equal(find(7, 0, 1, 3), 200);
	assert_int_equal(find(7, 0, 2, 3), 100);
	assert_int_equal(find(7, 0, 0, 2), 0);
	assert_int_equal(find(7, 0, 0, 4), 0);
}

static void test_trampoline(void **state)
{
	uint64_t bias = 0xffffc90000123458ULL;

	put(0, 7, STACK + 0x3f00 - bias, 100);
	assert_int_equal(find(7, bias, 0, 1), 100);
	assert_int_equal(find(7, 0, 0, 1), 0);
}

/* The slot of a capture may have no start. */
static void test_captures(void **state)
{
	captures[RP_SLOT_KEY] = (STACK + 0x3f00) ^ 7ULL << 48;
	assert_int_equal(find(7, 0, 0, 1), 0);
	captures[RP_SLOT_START] = 100;
	assert_int_equal(find(7, 0, 0, 1), 100);
}

/* ---- ages --------------------------------------------------------------------------------------
 */

static struct rp_scan_task task_of(uint32_t tid, uint64_t start_time, uint64_t switches)
{
	return (struct rp_scan_task){ .tid = tid, .start_time = start_time, .switches = switches };
}

static uint64_t since(struct seen *s, struct rp_scan_task t, uint64_t now)
{
	return seen__since(s, &t, now);
}

static void test_seen(void **state)
{
	struct seen s = {};

	assert_int_equal(since(&s, task_of(5, 1, 10), 100), 100);
	assert_int_equal(since(&s, task_of(7, 1, 20), 100), 100);
	assert_int_equal(since(&s, task_of(9, 1, 30), 100), 100);
	seen__end(&s);
	assert_int_equal(since(&s, task_of(4, 1, 10), 200), 200);
	assert_int_equal(since(&s, task_of(5, 1, 10), 200), 100);
	assert_int_equal(since(&s, task_of(7, 1, 21), 200), 200); /* it has run */
	assert_int_equal(since(&s, task_of(9, 2, 30), 200), 200); /* another thread */
	seen__end(&s);
	assert_int_equal(since(&s, task_of(5, 1, 10), 300), 100);
	seen__end(&s);
	seen__end(&s); /* no thread had calls */
	assert_int_equal(since(&s, task_of(5, 1, 10), 400), 400);
	seen__free(&s);
}

/* ---- counts ------------------------------------------------------------------------------------
 */

enum {
	KRETPROBE,
	FEXIT,
	FILTERED,
	SYSCALL,
	BY_FUNCTION, /* a system call */
	UNTIMED,
	HIDDEN,
	OFF,
	DETACHED,
	SCHEDULER,
	TARGETS
};

static const struct attach_ops kretprobe = { .name = "kretprobe" },
			       fexit = { .name = "fexit", .programs = PROG_BIT(PROG_FEXIT_ENTRY) },
			       tracepoint = { .name = "tracepoint",
					      .type = TARGET_SYSCALL,
					      .keeps_frames = true };
static struct probe_settings on = { .in_flight = IN_FLIGHT_ON },
			     off = { .in_flight = IN_FLIGHT_OFF };
static struct capture_spec filter = { .kernel = { .nfilters = 1 } };
static struct target targets[TARGETS] = {
	[KRETPROBE] = { .addr = 1, .end = 2 },
	[FEXIT] = { .addr = 1, .end = 2 },
	[FILTERED] = { .addr = 1, .end = 2, .capture = &filter },
	[SYSCALL] = { .type = TARGET_SYSCALL },
	[BY_FUNCTION] = { .type = TARGET_SYSCALL, .untimed = true },
	[UNTIMED] = { .type = TARGET_SYSCALL, .untimed = true },
	[OFF] = { .addr = 1, .end = 2 },
	[DETACHED] = { .addr = 1, .end = 2 },
	[SCHEDULER] = { .addr = 1, .end = 2, .scheduler = true },
};
static struct attach_slot attached[TARGETS];

/* What the iterator reports, and how it ends. */
static struct scan_found found[2];
static size_t nfound;
static int run_error;
static uint64_t tasks_seen, unlisted;

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n);
int __wrap_object_scan__open(struct object *o);
int __wrap_object_scan__run(struct object *o, struct scan_run *run);
bool __wrap_features__has(struct features *f, enum feature feature);
uint64_t __wrap_object_scan__bias(const struct object *o);

bool __wrap_features__has(struct features *f, enum feature feature)
{
	return true;
}

const struct attach_slot *__wrap_attach__slots(const struct attach *a, size_t *n)
{
	*n = TARGETS;
	return attached;
}

int __wrap_object_scan__open(struct object *o)
{
	return 0;
}

int __wrap_object_scan__run(struct object *o, struct scan_run *run)
{
	for (size_t i = 0; i < nfound; i++)
		run->found(run->ctx, &found[i]);
	run->stopped = run->enough(run->ctx);
	run->tasks = tasks_seen;
	run->unlisted = unlisted;
	return run_error;
}

uint64_t __wrap_object_scan__bias(const struct object *o)
{
	return 0x1000;
}

static struct scan *scan;

static int start(void **state)
{
	clear(state);
	for (size_t i = 0; i < TARGETS; i++) {
		targets[i].settings = i == OFF ? &off : &on;
		attached[i] = (struct attach_slot){ .target = &targets[i],
						    .ops = &kretprobe,
						    .attached = i != DETACHED };
	}
	attached[FEXIT].ops = &fexit;
	attached[SYSCALL].ops = attached[UNTIMED].ops = &tracepoint;
	nfound = run_error = tasks_seen = unlisted = 0;
	scan = scan__new(NULL, &object, NULL);
	assert_non_null(scan);
	return 0;
}

static int stop(void **state)
{
	scan__free(scan);
	return 0;
}

static const struct in_flight_target *counts(void)
{
	return scan__shared(scan)->addr;
}

static struct scan_totals run(int expected)
{
	struct scan_totals totals = { .until = 1e9 };

	assert_int_equal(scan__run(scan, &totals), expected);
	return totals;
}

static uint64_t ago(uint64_t ns)
{
	return monotonic_ns() - ns;
}

static const uint64_t addrs[] = { 11, 12, 13 };

static void report(size_t i, uint32_t tid, const struct rp_scan_call *calls, uint32_t n)
{
	found[i] = (struct scan_found){
		.task = { .tid = tid, .stack = STACK, .ncalls = n, .naddrs = 3, .comm = "stuck" },
		.calls = calls,
		.addrs = addrs,
	};
	nfound = i + 1;
}

static void test_known(void **state)
{
	const struct in_flight_target *t = counts();

	for (int i = 0; i < TARGETS; i++)
		assert_int_equal(t[i].known, 0);
	run(0);
	for (int i = 0; i < TARGETS; i++)
		assert_int_equal(t[i].known,
				 i == KRETPROBE || i == FEXIT || i == SYSCALL || i == BY_FUNCTION);
}

static void test_counts(void **state)
{
	const struct rp_scan_call first[] = { { 0, KRETPROBE, 1 },
					      { 0, FEXIT, 2 },
					      { 0, FILTERED, 2 },
					      { ago(70 * SECOND), SYSCALL, RP_SCAN_NO_FRAME } };
	const struct rp_scan_call second[] = { { ago(5 * SECOND), SYSCALL, RP_SCAN_NO_FRAME },
					       { 0, BY_FUNCTION, RP_SCAN_NO_FRAME } };
	const struct in_flight_target *t = counts();
	const struct scan_calls *c = scan__calls(scan);

	put(0, KRETPROBE, STACK + 0x3000, ago(20 * SECOND));
	put(1, FEXIT, STACK + 0x3100 - 0x1000, ago(3 * SECOND));
	put(2, BY_FUNCTION, STACK + 0x3f00, ago(9 * SECOND));
	report(0, 5, first, 4);
	report(1, 6, second, 2);
	tasks_seen = 9;
	assert_int_equal(run(0).tasks, 9);
	assert_int_equal(t[KRETPROBE].calls, 1);
	assert_int_equal(t[KRETPROBE].oldest / SECOND, 20);
	assert_int_equal(t[KRETPROBE].longer[1], 1);
	assert_int_equal(t[KRETPROBE].longer[2], 0);
	assert_int_equal(t[FEXIT].oldest / SECOND, 3);
	assert_int_equal(t[FILTERED].calls, 0);
	assert_int_equal(t[SYSCALL].calls, 2);
	assert_int_equal(t[SYSCALL].oldest / SECOND, 70);
	assert_int_equal(t[SYSCALL].longer[0], 2);
	assert_int_equal(t[SYSCALL].longer[2], 1);
	assert_int_equal(t[BY_FUNCTION].calls, 1);
	assert_int_equal(t[BY_FUNCTION].oldest / SECOND, 9);
	assert_int_equal(c->n, 5);
	assert_int_equal(c->ntasks, 2);
	assert_false(c->v[0].at_least);
	assert_int_equal(c->v[3].task, 1);
	assert_int_equal(c->addrs[c->tasks[1].first_addr], 11);
	nfound = 0;
	run(0);
	assert_int_equal(t[SYSCALL].calls, 0);
	assert_int_equal(t[SYSCALL].oldest, 0);
	assert_int_equal(t[SYSCALL].longer[0], 0);
}

/* Without a start, a call is as old as the first scan that saw it. */
static void test_at_least(void **state)
{
	const struct rp_scan_call calls[] = { { 0, KRETPROBE, 1 } };
	const struct in_flight_target *t = counts();
	uint64_t first;

	report(0, 5, calls, 1);
	run(0);
	first = monotonic_ns();
	assert_int_equal(t[KRETPROBE].oldest, 0);
	assert_true(scan__calls(scan)->v[0].at_least);
	while (monotonic_ns() < first + 1000000)
		;
	run(0);
	assert_true(t[KRETPROBE].oldest >= 1000000);
	found[0].task.switches++;
	run(0);
	assert_int_equal(t[KRETPROBE].oldest, 0);
}

static void test_truncated(void **state)
{
	struct scan_totals totals = { .until = 0 };

	assert_int_equal(scan__run(scan, &totals), 0);
	assert_true(totals.truncated);
	assert_false(run(0).truncated);
	unlisted = 1;
	assert_true(run(0).truncated);
}

/* Half of the tasks say nothing about the others. */
static void test_error(void **state)
{
	const struct rp_scan_call calls[] = { { 0, KRETPROBE, 1 } };

	report(0, 5, calls, 1);
	run_error = -EPERM;
	run(-EPERM);
	for (int i = 0; i < TARGETS; i++) {
		assert_int_equal(counts()[i].known, 0);
		assert_int_equal(counts()[i].calls, 0);
	}
	assert_int_equal(scan__calls(scan)->n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_start, clear),
		cmocka_unit_test_setup(test_recursion, clear),
		cmocka_unit_test_setup(test_trampoline, clear),
		cmocka_unit_test_setup(test_captures, clear),
		cmocka_unit_test(test_seen),
		cmocka_unit_test_setup_teardown(test_known, start, stop),
		cmocka_unit_test_setup_teardown(test_counts, start, stop),
		cmocka_unit_test_setup_teardown(test_at_least, start, stop),
		cmocka_unit_test_setup_teardown(test_truncated, start, stop),
		cmocka_unit_test_setup_teardown(test_error, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
