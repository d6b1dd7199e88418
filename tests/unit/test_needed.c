/* SPDX-License-Identifier: GPL-2.0-only */
/* How many label sets a target would need. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "label_world.h"
#include "said.h"
#include "base/log.h"

enum { FIRST_KEY = 100 };

static struct label_slots *labels;
static int set_up(void **state)
{
	assert_true(world__set_up());
	extra.series_ttl = 0;
	labels = label_slots__new(NULL, &targets);
	times_said = 0;
	return 0;
}

static int tear_down(void **state)
{
	label_slots__free(labels);
	world__tear_down();
	return 0;
}

static void call(uint64_t first, uint64_t n)
{
	for (uint64_t key = first; key < first + n; key++)
		world__call(key, 1);
}

static uint64_t needed(double now)
{
	label_slots__update(labels, now);
	return label_slots__needed(labels, 0);
}

static void test_few(void **state)
{
	call(FIRST_KEY, MAX_SERIES);
	assert_int_equal(needed(0), 0);
	for (int again = 0; again < 2; again++) {
		call(FIRST_KEY, MAX_SERIES + 3);
		assert_int_equal(needed(0), MAX_SERIES + 3);
	}
}

/* The mean of the squared errors is that of the standard error that the documents give. */
static void test_error(void **state)
{
	static const uint64_t sizes[] = { 100, 1000, 10000 };
	enum { ROUNDS = 40 };
	double limit = 1.0 / (1 << RP_SKETCH_BITS / 2);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		double sum = 0, bias = 0;

		for (uint64_t round = 0; round < ROUNDS; round++) {
			double error;

			memset(&world.without_room, 0, sizeof(world.without_room));
			world.used.sets = extra.kernel.max_series;
			call(FIRST_KEY + round * 1000000, sizes[i]);
			error = needed(0) / (double)sizes[i] - 1;
			sum += error * error;
			bias += error;
		}
		assert_true(sqrt(sum / ROUNDS) < 1.5 * limit);
		assert_true(fabs(bias / ROUNDS) < limit);
	}
}

/* A set that finds room later is not counted twice, however many there are. */
static void test_later_room(void **state)
{
	call(FIRST_KEY, MAX_SERIES + 10);
	world.used.sets = 0;
	call(FIRST_KEY + MAX_SERIES, 10);
	assert_int_equal(needed(0), MAX_SERIES + 10);
}

static void test_period(void **state)
{
	extra.series_ttl = 100;
	call(FIRST_KEY, MAX_SERIES + 4);
	assert_int_equal(needed(1000), MAX_SERIES + 4); /* the first period ends */
	call(FIRST_KEY, MAX_SERIES + 2);
	assert_int_equal(needed(1050), MAX_SERIES + 4);
	assert_int_equal(needed(1101), MAX_SERIES + 2);
	assert_int_equal(needed(1150), MAX_SERIES + 2);
	assert_int_equal(needed(1202), 0);
}

/* Ten seconds after the first set without room, and again when there are ten times as many. */
static void test_said(void **state)
{
	call(FIRST_KEY, MAX_SERIES + 3);
	label_slots__name(labels, 100);
	assert_int_equal(times_said, 1); /* that it is full */
	label_slots__name(labels, 108);
	assert_int_equal(times_said, 1);
	for (int i = 0; i < 3; i++)
		label_slots__name(labels, 115 + 10 * i);
	assert_int_equal(times_said, 2);
	assert_string_equal(said, "o:f: about 43 label sets would be needed so far, and 40 are in "
				  "use");
	call(FIRST_KEY, 300);
	label_slots__name(labels, 200);
	assert_int_equal(times_said, 2);
	call(FIRST_KEY, 12000);
	label_slots__name(labels, 300);
	assert_int_equal(times_said, 3);
	assert_non_null(strstr(said, "000 label sets would be needed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_few, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_later_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_period, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_said, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
