/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "labels/groups.h"

#define AB ((char *[]){ "a", "b" })

static struct label_groups *groups;

static int set_up(void **state)
{
	groups = label_groups__new(8);
	return 0;
}

static int tear_down(void **state)
{
	label_groups__free(groups);
	return 0;
}

static void test_equal(void **state)
{
	assert_int_equal(label_groups__join(groups, 5, 1, AB, 2), 5);
	assert_int_equal(label_groups__join(groups, 2, 1, AB, 2), 5);
	assert_int_equal(label_groups__join(groups, 7, 1, AB, 2), 5);
	/* Another target, other texts, and other texts with the same letters. */
	assert_int_equal(label_groups__join(groups, 0, 2, AB, 2), 0);
	assert_int_equal(label_groups__join(groups, 1, 1, (char *[]){ "a", "c" }, 2), 1);
	assert_int_equal(label_groups__join(groups, 3, 1, (char *[]){ "ab", "" }, 2), 3);
	assert_int_equal(label_groups__join(groups, 4, 1, (char *[]){ "", "ab" }, 2), 4);
	assert_int_equal(label_groups__next(groups, 5), 2);
	assert_int_equal(label_groups__next(groups, 2), 7);
	assert_int_equal(label_groups__next(groups, 7), 5);
	assert_int_equal(label_groups__next(groups, 4), 4);
}

static void test_leaders(void **state)
{
	label_groups__join(groups, 5, 1, AB, 2);
	label_groups__join(groups, 2, 1, AB, 2);
	label_groups__lead(groups, 2);
	label_groups__leave(groups, 5);
	label_groups__leave(groups, 5); /* no member */
	assert_int_equal(label_groups__join(groups, 1, 1, AB, 2), 2);
	assert_int_equal(label_groups__join(groups, 5, 1, AB, 2), 2);
	assert_int_equal(label_groups__next(groups, 2), 1);
	assert_int_equal(label_groups__next(groups, 1), 5);
	label_groups__leave(groups, 1);
	label_groups__leave(groups, 5);
	label_groups__leave(groups, 2);
	assert_int_equal(label_groups__join(groups, 1, 1, AB, 2), 1);
}

/* More than the number of buckets. */
static void test_many(void **state)
{
	char texts[8][2] = {};
	char *lists[8];

	for (uint32_t i = 0; i < 8; i++) {
		texts[i][0] = 'a' + i / 2;
		lists[i] = texts[i];
		assert_int_equal(label_groups__join(groups, i, 0, &lists[i], 1), i & ~1U);
	}
	for (uint32_t i = 0; i < 8; i++)
		label_groups__leave(groups, i ^ 1);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(label_groups__join(groups, i, 0, &lists[0], 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_equal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
