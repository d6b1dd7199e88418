/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshots of the counters that programs write. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "metrics_fixture.h"
#include "counts/snapshot.h"

/* Every call for which a program ran counts for the rate limit, because each costs time. */
static void runs_of_programs(void **state)
{
	static const enum rp_event counted[] = { RP_EVENT_FILTERED, RP_EVENT_REJECTED,
						 RP_EVENT_NO_ENTRY, RP_EVENT_UNWOUND,
						 RP_EVENT_DEPTH };
	uint64_t cell[RP_CELL_BINS + RP_GRID_MAX + RP_GRID_STEPS] = {}, events[RP_EVENT_MAX] = {};
	const struct banks banks = {
		.layout = &fixture_layout,
		.cells = { cell, 1, 1, 1, ARRAY_SIZE(cell), 1 },
		.events = { events, 1, 1, 1, RP_EVENT_MAX, 1 },
		.label_sets = { .first = 1 },
	};
	uint64_t runs, expected = 3;

	cell[RP_CELL_CLASS + RP_CLASS_TAIL] = 3;
	events[RP_EVENT_ENTERED] = events[RP_EVENT_STALE] = 1000;
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
		events[counted[i]] = 10;
		expected += 10;
		snapshot__count_runs(&banks, &runs);
		assert_int_equal(runs, expected);
	}
}

enum { WIDTH = RP_CELL_BINS + 3, TARGETS = 2, ROWS = 4 };

static const struct histogram_layout three_bins = { .nbins = 3 };

/* One CPU has its own cells; two targets and a label set. */
static struct pool_world {
	uint64_t cells[3][WIDTH], rows[ROWS + 3][WIDTH], events[TARGETS][RP_EVENT_MAX];
	uint64_t shared[2 * TARGETS + 3][RP_EVENT_MAX];
	uint64_t owners[ROWS];
	struct rp_label_set set;
	struct rp_value_slot values[4];
	uint64_t value_counts[4];
	struct banks banks;
} world;

static struct banks *set_up_pool(uint32_t nshared, uint32_t nbrief)
{
	adjustments__destroy(&world.banks.adjustments);
	memset(&world, 0, sizeof(world));
	world.set.used = RP_SET_USED;
	world.set.key.id = 1;
	world.banks = (struct banks){
		.layout = &three_bins,
		.cells = { world.cells[0], 1, 3, 1, WIDTH, 3 },
		.events = { world.events[0], 1, TARGETS, 1, RP_EVENT_MAX, TARGETS },
		.label_sets = { &world.set, 1, TARGETS },
		.value_slots = world.values,
		.value_counts = { world.value_counts, 1, 4, 1, 1, 4 },
		.pool = { world.rows[0], world.owners, world.shared[0], WIDTH, ROWS, nshared, 2,
			  TARGETS, nbrief },
		.adjustments = { .ncells = 3, .cell_width = WIDTH },
	};
	assert_int_equal(adjustments__init(&world.banks.adjustments), 0);
	return &world.banks;
}

static void count(uint64_t *cell, uint64_t calls)
{
	cell[RP_CELL_CLASS] += calls;
	cell[RP_CELL_BINS + 1] += calls;
}

/* Own cells, rows in any order, several of one cell, and shared rows. */
static void calls_in_the_pool(void **state)
{
	static const struct capture_spec x = { .nlabels = 1 };
	const struct capture_spec *const extras[TARGETS] = { NULL, &x };
	const struct banks *b = set_up_pool(3, 0);
	uint64_t calls[TARGETS] = {};
	struct snapshot *s;

	world.owners[3] = world.owners[1] = 1 + 0;
	world.owners[2] = 1 + 2;
	world.owners[0] = 1 + 99; /* of no cell: never read */
	count(world.cells[0], 1);
	count(world.rows[3], 10);
	count(world.rows[1], 100);
	count(world.rows[ROWS + 0], 1000);
	count(world.rows[2], 20000);
	count(world.rows[ROWS + 2], 300000);
	count(world.rows[0], 5000000);

	snapshot__count_calls(b, calls);
	assert_int_equal(calls[0], 1111);
	assert_int_equal(calls[1], 320000);
	assert_int_equal(snapshot__calls_in(b, 0), 1111);
	assert_int_equal(snapshot__calls_in(b, 2), 320000);
	s = snapshot__take(b, extras);
	assert_int_equal(s->targets[0].cell.words[RP_CELL_BINS + 1], 1111);
	assert_int_equal(snap_cell__calls(&s->targets[1].cell, &three_bins), 0);
	assert_int_equal(s->targets[1].nsets, 1);
	assert_int_equal(s->targets[1].sets[0].cell.words[RP_CELL_CLASS], 320000);
	snapshot__free(s);
}

/* What found no row has no duration. Events of all shared banks count. */
static void brief_cells_and_events(void **state)
{
	const struct banks *b = set_up_pool(0, 3);
	uint64_t calls[TARGETS] = {}, events[RP_EVENT_MAX];

	world.shared[2 * TARGETS + 1][RP_CELL_CLASS] = 7;
	world.shared[2 * TARGETS + 1][RP_CELL_UNTIMED] = 7;
	world.events[1][RP_EVENT_DEPTH] = 1;
	world.shared[1][RP_EVENT_DEPTH] = 10;
	world.shared[TARGETS + 1][RP_EVENT_DEPTH] = 100;
	snapshot__count_calls(b, calls);
	assert_int_equal(calls[0], 0);
	assert_int_equal(calls[1], 7);
	snapshot__events(b, 1, events);
	assert_int_equal(events[RP_EVENT_DEPTH], 111);
	snapshot__events(b, 0, events);
	assert_int_equal(events[RP_EVENT_DEPTH], 0);
}

/* A call has a class or a value. Results of label sets count for their target. */
static void calls_by_value(void **state)
{
	const struct banks *b = set_up_pool(0, 0);
	uint64_t calls[TARGETS] = { 99, 99 };

	world.cells[0][RP_CELL_CLASS + RP_CLASS_OTHER] = 1;
	for (uint32_t i = 0; i < ARRAY_SIZE(world.values); i++)
		world.values[i] = (struct rp_value_slot){ .value = 2, .cell = i, .used = i != 1 };
	world.value_counts[0] = 10;
	world.value_counts[1] = 100; /* not in use */
	world.value_counts[2] = 1000;
	world.value_counts[3] = 10000; /* of no cell */
	snapshot__count_calls(b, calls);
	assert_int_equal(calls[0], 11);
	assert_int_equal(calls[1], 1000);
	world.set.used = RP_SET_FREE;
	snapshot__count_calls(b, calls);
	assert_int_equal(calls[1], 0);
}

static int tear_down(void **state)
{
	adjustments__destroy(&world.banks.adjustments);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(runs_of_programs),
					    cmocka_unit_test(calls_in_the_pool),
					    cmocka_unit_test(brief_cells_and_events),
					    cmocka_unit_test(calls_by_value) };

	return cmocka_run_group_tests_name("snapshot", tests, NULL, tear_down);
}
