/* SPDX-License-Identifier: GPL-2.0-only */
/* Label sets from their first call until they are folded, as a server reads them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <time.h>

#include "hostile.h"
#include "label_world.h"
#include "said.h"
#include "labels/cache.h"
#include "base/log.h"

static struct label_slots *labels;
static struct label_cache *cache;
static const struct capture_spec *const captures[] = { &extra }; /* by target id */
static uint64_t known;

/* No reader waits for long here. */
static int pauses;
int __wrap_nanosleep(const struct timespec *t, struct timespec *left);
int __wrap_nanosleep(const struct timespec *t, struct timespec *left)
{
	pauses++;
	return 0;
}

static int set_up(void **state)
{
	assert_true(world__set_up());
	labels = label_slots__new(NULL, &targets);
	cache = label_cache__new((uint32_t[]){ SLOTS }, 1);
	known = 0;
	return 0;
}

static int tear_down(void **state)
{
	label_slots__free(labels);
	label_cache__free(cache);
	world__tear_down();
	return 0;
}

static struct snapshot *read_all(void)
{
	__cleanup_buf struct buf updates = {};
	struct snapshot *s;

	known = label_slots__write_updates(labels, 0, known, &updates);
	assert_int_equal(label_cache__read(cache, updates.data, updates.len), 0);
	s = snapshot__take(&world.served, captures);
	assert_non_null(s);
	label_cache__apply(cache, 0, s);
	return s;
}

static uint64_t errors(const struct snap_cell *c)
{
	uint64_t n = 0;

	for (size_t i = 0; i < c->nvalues; i++) {
		assert_true(!i || c->values[i].value > c->values[i - 1].value);
		n += c->values[i].count;
	}
	return n;
}

static void check_cell(const struct snap_cell *c, uint64_t calls)
{
	assert_int_equal(snap_cell__calls(c, &world_layout), calls);
	assert_int_equal(c->words[RP_CELL_SUM], calls * 100);
	assert_int_equal(c->hists[RP_HIST_GRID], calls);
	assert_int_equal(errors(c) + c->words[RP_CELL_CLASS + RP_CLASS_OTHER], calls);
}

/* Calls per label value, in one series each, and the slots in use. */
static void check(uint64_t a, uint64_t b, uint64_t others, size_t taken)
{
	struct snapshot *s = read_all();
	const struct snap_target *t = &s->targets[0];
	uint64_t found[2] = {};

	for (size_t i = 0; i < t->nsets; i++) {
		const char *text = t->sets[i].texts->v[0];
		uint64_t *n = &found[text[0] == 'B'];

		assert_true(!strcmp(text, "A") || !strcmp(text, "B"));
		assert_int_equal(*n, 0);
		*n = snap_cell__calls(&t->sets[i].cell, &world_layout);
		check_cell(&t->sets[i].cell, *n);
	}
	check_cell(&t->cell, others);
	assert_int_equal(found[0], a);
	assert_int_equal(found[1], b);
	assert_int_equal(t->taken, taken);
	assert_int_equal(world.used.sets, taken);
	snapshot__free(s);
}

static void call(uint64_t key, int error, int n)
{
	while (n--)
		world__call(key, error);
}

/* Sets with equal texts are one series, in whatever order they arrive. */
static void test_one_series(void **state)
{
	call(1, 1, 2);
	call(4, 1, 5);
	call(2, 1, 10);
	call(2, 2, 3);
	label_slots__update(labels, 0);
	check(15, 5, 0, 3);
	/* A set without a name is not exported. */
	call(3, 2, 100);
	call(1, 2, 1);
	check(16, 5, 0, 4);
	label_slots__name(labels, 1);
	check(116, 5, 0, 4);
}

/* The name "_other" itself. */
static void test_called_other(void **state)
{
	call(6, 1, 7);
	call(1, 1, 1);
	label_slots__update(labels, 0);
	check(1, 0, 7, 2);
	call(1, 1, 1);
	label_slots__update(labels, 11);
	label_slots__update(labels, 13);
	check(2, 0, 7, 1);
}

/* An idle set is folded into the set with equal texts, and no counter decreases. */
static void test_idle_sibling(void **state)
{
	call(1, 1, 2);
	call(2, 1, 10);
	call(3, 2, 20);
	call(4, 2, 5);
	label_slots__update(labels, 0);
	check(32, 5, 0, 4);
	call(2, 2, 1); /* only this set stays in use */
	label_slots__update(labels, 11);
	check(33, 0, 5, 4);
	call(2, 2, 1);
	label_slots__update(labels, 12);
	check(34, 0, 5, 1);

	/* It keeps its age: folded calls are not new calls. */
	label_slots__update(labels, 21.9);
	check(34, 0, 5, 1);
	label_slots__update(labels, 22);
	check(0, 0, 39, 1);
	call(1, 1, 1); /* too late for those */
	label_slots__update(labels, 23);
	check(1, 0, 39, 1);
}

/* The heir is retired before it has inherited. */
static void test_heir_retired(void **state)
{
	call(1, 1, 1);
	label_slots__update(labels, 0);
	call(2, 1, 2);
	label_slots__update(labels, 9.5);
	label_slots__update(labels, 19.4); /* the first is retired */
	check(3, 0, 0, 2);
	label_slots__update(labels, 19.6); /* the second */
	check(0, 0, 3, 2);
	call(3, 1, 4); /* a third: it does not take what belongs to the others */
	label_slots__update(labels, 20);
	check(4, 0, 3, 3);
	label_slots__update(labels, 20.5);
	check(4, 0, 3, 2);
	label_slots__update(labels, 21);
	check(4, 0, 3, 1);
}

/* Reused slots begin at 0, however often they are reused. */
static void test_churn(void **state)
{
	double now = 0;

	for (uint64_t round = 0; round < 50; round++) {
		call(1 + round % 3, 1, 1);
		call(4, 2, 1);
		label_slots__update(labels, now += 6);
		check(round + 1, round + 1, 0, world.used.sets);
		assert_true(world.used.sets <= 4);
		label_slots__update(labels, now += 1);
	}
}

static uint32_t values_in_use(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < VALUES; i++)
		n += world.slots[i].used;
	return n;
}

/* Value slots are freed with their sets. A value without a free slot is still counted. */
static void test_values(void **state)
{
	double now = 0;

	extra.returns_values = true;
	for (uint64_t round = 1; round <= 50; round++) {
		call(4, 1, 1);
		call(5, 1, 1);
		call(5, 2, 1);
		label_slots__update(labels, now += 1);
		label_slots__update(labels, now += 10);
		check(0, 0, 3 * round, 2);
		assert_int_equal(values_in_use(), round == 1 ? 3 : 5);
		assert_int_equal(world.used.values, values_in_use());
		label_slots__update(labels, now += 1);
		check(0, 0, 3 * round, 0);
		assert_int_equal(values_in_use(), 2);
		assert_int_equal(world.used.values, 2);
	}
	extra.returns_values = false;
	for (int error = 100; error < 100 + VALUES; error++)
		call(4, error, 1);
	label_slots__update(labels, now += 1);
	label_slots__update(labels, now += 10);
	label_slots__update(labels, now += 1);
	assert_int_equal(values_in_use(), VALUES);
	check(0, 0, 150 + VALUES, 0);
}

/*
 * A program that saw the set before its retirement, and counts after a delay that outlasts the
 * retirement.
 */
static void count_late(void)
{
	for (uint32_t cell = 1; cell < CELLS; cell++) {
		if (world.sets[cell - 1].key.word[0] != 4 ||
		    world.sets[cell - 1].used != RP_SET_RETIRED)
			continue;
		world.cells[cell][RP_CELL_CLASS + RP_CLASS_OTHER]++;
		world.cells[cell][RP_CELL_SUM] += 100;
		world.cells[cell][RP_CELL_BINS]++;
		world.hists[cell][RP_HIST_GRID]++;
	}
}

static void test_held_up(void **state)
{
	call(4, 2, 5);
	label_slots__update(labels, 0);
	label_slots__update(labels, 11); /* retired */
	world__wait_error = -EINTR;
	label_slots__update(labels, 13);
	assert_int_equal(world.used.sets, 1); /* not folded: a program could still be running */
	world__wait_error = 0;
	world__meanwhile = count_late;
	label_slots__update(labels, 14);
	world__meanwhile = NULL;
	check(0, 0, 6, 0);
	call(4, 2, 1); /* in the same slot */
	label_slots__update(labels, 15);
	check(0, 1, 6, 1);
}

#define ADVICE                                                                                     \
	", keep the largest (keep: top), or reduce the values: filter the calls (filter: outcome " \
	"== error), use a label "                                                                  \
	"with fewer values, or let idle sets go (series_ttl: 1h)"

/* Logged once, when the last set is taken: because of the limit, or because memory is used up. */
static void test_full(void **state)
{
	times_said = 0;
	for (uint64_t key = 10; key < 10 + MAX_SERIES - 1; key++)
		call(key, 1, 1);
	label_slots__name(labels, 0);
	assert_int_equal(times_said, 0);
	call(1, 1, 1);
	label_slots__name(labels, 1);
	assert_int_equal(times_said, 1);
	assert_string_equal(said,
			    "o:f: all 40 label sets are in use: calls with other values count "
			    "as _other; raise max_series" ADVICE);
	call(2, 1, 1);
	label_slots__update(labels, 2);
	assert_int_equal(times_said, 1);
}

static void test_full_pool(void **state)
{
	times_said = 0;
	extra.kernel.max_series = 2 * SLOTS;
	for (uint64_t key = 10; key < 10 + SLOTS; key++)
		call(key, 1, 1);
	label_slots__name(labels, 0);
	extra.kernel.max_series = MAX_SERIES;
	assert_int_equal(times_said, 1);
	assert_string_equal(said,
			    "o:f: all 64 label sets are in use: calls with other values count "
			    "as _other; raise --memory.limit" ADVICE);
}

/*
 * Whatever a server writes between the retirement of a set and its folding, the counts go to the
 * right place.
 */
static void test_hostile_server(void **state)
{
	call(1, 1, 2);
	call(4, 2, 5);
	label_slots__update(labels, 0);
	label_slots__update(labels, 11);
	assert_int_equal(hostile__run(), 0);
	label_slots__update(labels, 13);
	check(0, 0, 7, 0);
	call(1, 1, 3);
	label_slots__update(labels, 14);
	check(3, 0, 7, 1);
}

/* The writer stopped in the middle of a move: readers give up. */
static void test_never_done(void **state)
{
	pauses = 0;
	adjustments__begin(&world.banks.adjustments);
	errno = 0;
	assert_null(snapshot__take(&world.served, captures));
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(pauses, 1000);
	adjustments__end(&world.banks.adjustments);
	check(0, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_series, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_called_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_idle_sibling, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_heir_retired, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_churn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_held_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_pool, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_server, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_never_done, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
