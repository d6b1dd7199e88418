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

	cell[RP_CELL_BINS] = 3;
	events[RP_EVENT_ENTERED] = events[RP_EVENT_STALE] = 1000;
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
		events[counted[i]] = 10;
		expected += 10;
		snapshot__count_runs(&banks, &runs);
		assert_int_equal(runs, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(runs_of_programs) };

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
