/* SPDX-License-Identifier: GPL-2.0-only */
/* Label sets that make room for others (keep: top). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "label_world.h"
#include "base/log.h"

static struct label_slots *labels;
static const struct capture_spec *const captures[] = { &extra }; /* by target id */

static int set_up(void **state)
{
	assert_true(world__set_up());
	log__setup(LOG_ERROR, LOG_LOGFMT);
	extra.series_ttl = 0;
	return 0;
}

static int tear_down(void **state)
{
	label_slots__free(labels);
	world__tear_down();
	return 0;
}

static void keep_by(enum keep_by by)
{
	extra.keep = KEEP_TOP;
	extra.by = by;
	labels = label_slots__new(NULL, &targets);
}

static void call(uint64_t key, int error, int n)
{
	while (n--)
		world__call(key, error);
}

static void succeed(uint64_t key, int n)
{
	uint32_t cell = 1 + world__slot(key);

	world.cells[cell][RP_CELL_CLASS + RP_CLASS_ZERO] += n;
	world.cells[cell][RP_CELL_BINS] += n;
}

static struct snapshot *take(void)
{
	struct snapshot *s = snapshot__take(&world.banks, captures);

	assert_non_null(s);
	return s;
}

enum { KEYS = 5000, FIRST_KEY = 100 };

struct made {
	uint64_t calls[FIRST_KEY + KEYS], all;
};

/* Key k comes as often as 1 / k, in an order of no pattern. */
static uint64_t next_key(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return FIRST_KEY - 1 + (uint64_t)exp((double)(*seed >> 11) / (1ULL << 53) * log(KEYS));
}

static void call_some(struct made *made, uint64_t *seed, int n)
{
	while (n--) {
		uint64_t key = next_key(seed);

		call(key, 1, 1);
		made->calls[key]++;
		made->all++;
	}
}

/* The calls of a key in its own series; -1: it has none. */
static int64_t shown_of(const struct snap_target *t, uint64_t key)
{
	for (size_t i = 0; i < t->nsets; i++)
		if (t->sets[i].key.word[0] == key)
			return snap_cell__calls(&t->sets[i].cell, &world_layout);
	return -1;
}

/* All calls are in a series, and no set lacks more of its own than the exporter says. */
static void check_top(const struct made *made, uint64_t top)
{
	struct snapshot *s = take();
	const struct snap_target *t = &s->targets[0];
	uint64_t sum = snap_cell__calls(&t->cell, &world_layout),
		 most = label_slots__lost(labels, 0);

	for (size_t i = 0; i < t->nsets; i++)
		sum += snap_cell__calls(&t->sets[i].cell, &world_layout);
	assert_int_equal(sum, made->all);
	assert_true(t->taken <= MAX_SERIES);
	for (uint64_t key = FIRST_KEY; key < FIRST_KEY + KEYS; key++) {
		int64_t shown = shown_of(t, key);

		if (key < FIRST_KEY + top)
			assert_true(shown >= 0);
		assert_true(made->calls[key] - (shown < 0 ? 0 : shown) <= most);
	}
	snapshot__free(s);
}

static void test_top(void **state)
{
	__cleanup_free struct made *made = xcalloc(1, sizeof(*made));
	uint64_t seed = 1;
	double now = 0;

	keep_by(BY_CALLS);
	for (int i = 0; i < 400; i++) {
		call_some(made, &seed, 500);
		label_slots__name(labels, now += 0.5);
		if (i % 20 == 19)
			check_top(made, i < 100 ? 0 : 10);
	}
	/* Others become the largest. */
	for (int i = 0; i < 400; i++) {
		for (uint64_t key = 3000; key < 3010; key++) {
			call(key, 1, 50);
			made->calls[key] += 50;
			made->all += 50;
		}
		call_some(made, &seed, 50);
		label_slots__name(labels, now += 0.5);
	}
	check_top(made, 10);
	for (uint64_t key = 3000; key < 3010; key++) {
		struct snapshot *s = take();

		assert_true(shown_of(&s->targets[0], key) > 10000);
		snapshot__free(s);
	}
}

/* Sets that all fit stay, and so does their order. */
static void test_top_fits(void **state)
{
	double now = 0;

	keep_by(BY_CALLS);
	for (int round = 1; round <= 20; round++) {
		struct snapshot *s;

		for (uint64_t key = 0; key < MAX_SERIES; key++)
			call(FIRST_KEY + key, 1, 1);
		label_slots__name(labels, now += 1);
		s = take();
		for (uint64_t key = 0; key < MAX_SERIES; key++)
			assert_int_equal(shown_of(&s->targets[0], FIRST_KEY + key), round);
		snapshot__free(s);
	}
	assert_int_equal(label_slots__lost(labels, 0), 0);
}

/* A set that is let go takes its calls to _other: the limit includes them, and those that come
 * late. */
static void test_top_limit(void **state)
{
	__cleanup_free struct made *made = xcalloc(1, sizeof(*made));

	keep_by(BY_CALLS);
	for (uint64_t key = FIRST_KEY; key <= FIRST_KEY + MAX_SERIES; key++) {
		made->calls[key] = key < FIRST_KEY + MAX_SERIES ? 100 : 1;
		made->all += made->calls[key];
		call(key, 1, made->calls[key]);
	}
	label_slots__name(labels, 1); /* retired */
	assert_int_equal(label_slots__lost(labels, 0), 101);
	for (uint32_t cell = 1; cell < CELLS; cell++) {
		if (world.sets[cell - 1].used != RP_SET_RETIRED)
			continue;
		world.cells[cell][RP_CELL_CLASS + RP_CLASS_OTHER]++;
		world.cells[cell][RP_CELL_BINS]++;
		made->calls[world.sets[cell - 1].key.word[0]]++;
		made->all++;
	}
	label_slots__name(labels, 3); /* folded */
	check_top(made, 0);
	assert_int_equal(label_slots__lost(labels, 0), 101 + MAX_SERIES / 4);
}

/* Few long calls are more than many short ones. */
static void test_top_time(void **state)
{
	struct snapshot *s;
	double now = 0;

	keep_by(BY_TIME);
	for (int round = 0; round < 20; round++) {
		call(FIRST_KEY, 1, 1);
		world.cells[1 + world__slot(FIRST_KEY)][RP_CELL_SUM] += 100000;
		for (uint64_t key = 1; key < 2 * MAX_SERIES; key++)
			call(FIRST_KEY + key, 1, 5);
		label_slots__name(labels, now += 1);
	}
	s = take();
	assert_int_equal(shown_of(&s->targets[0], FIRST_KEY), 20);
	snapshot__free(s);
}

/* Few errors are more than many other calls: 0 is no error. */
static void test_top_errors(void **state)
{
	struct snapshot *s;
	double now = 0;

	keep_by(BY_ERRORS);
	target.kind = RP_KIND_ERRNO;
	for (int round = 0; round < 20; round++) {
		call(FIRST_KEY, EIO, 1);
		for (uint64_t key = 1; key < 2 * MAX_SERIES; key++)
			succeed(FIRST_KEY + key, 5);
		label_slots__name(labels, now += 1);
	}
	s = take();
	assert_int_equal(shown_of(&s->targets[0], FIRST_KEY), 20);
	snapshot__free(s);
	target.kind = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_top, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_top_fits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_top_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_top_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_top_errors, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
