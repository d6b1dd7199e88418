/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory plan, and what remains. features are replaced (REPLACED in the Makefile). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "object/object.h"

#define MIB (1UL << 20)

bool __wrap_features__has(struct features *f, enum feature feature);

bool __wrap_features__has(struct features *f, enum feature feature)
{
	return true;
}

static struct histogram_layout *layout, *size_layout;

static int set_up(void **state)
{
	static const double seconds[] = { 1e-6, 1e-3, 1 }, bytes[] = { 1, 4096 };
	char *error;

	assert_int_equal(histogram_layout__build(seconds, ARRAY_SIZE(seconds), 2, &layout, &error),
			 0);
	assert_int_equal(histogram_layout__build(bytes, ARRAY_SIZE(bytes), HISTOGRAM_INTEGERS,
						 &size_layout, &error),
			 0);
	return 0;
}

static int tear_down(void **state)
{
	histogram_layout__free(layout);
	histogram_layout__free(size_layout);
	return 0;
}

/* One target with this many label sets; 0: without labels. */
static struct memory_plan plan(uint32_t max_series, uint64_t limit)
{
	struct capture_spec x = { .nlabels = 1, .kernel.max_series = max_series };
	const struct capture_spec *extras[] = { &x };
	struct object_params p = {
		.layout = layout,
		.size_layout = size_layout,
		.ntargets = 1,
		.extras = extras,
		.nextras = max_series ? 1 : 0,
		.memory_limit = limit,
	};
	struct memory_plan out;

	memory_plan__make(&p, NULL, &out);
	return out;
}

static void test_all_sets(void **state)
{
	struct memory_plan p = plan(10, 256 * MIB);

	assert_int_equal(p.nsets, 10);
	assert_int_equal(p.sets_wanted, 10);
	assert_true(p.total < 256 * MIB);
}

/* Label sets that use all available memory leave room for probes that a reload adds. */
static void test_capped_sets(void **state)
{
	struct memory_plan p = plan(1000000, 256 * MIB);
	uint64_t taken = p.total;

	assert_true(p.nsets > 1000 && p.nsets < p.sets_wanted);
	for (int i = 0; i < 60; i++)
		taken += plan(0, 256 * MIB - taken).total;
	assert_true(taken <= 256 * MIB);

	/* Also for probes with label sets of their own, which then get fewer. */
	taken = p.total;
	for (int i = 0; i < 2; i++) {
		p = plan(1000000, 256 * MIB - taken);
		assert_true(p.nsets > 1);
		taken += p.total;
	}
	assert_true(taken <= 256 * MIB);
}

/* As long as the longest one that some target needs. */
static void test_key_size(void **state)
{
	struct capture_spec none = { .kernel.max_series = 1 };
	struct capture_spec number = { .kernel = { .nnumbers = 1, .text_at = 1 } };
	struct capture_spec text = { .kernel = { .comm = 1, .ntexts = 1, .text_at = 2 } };
	const struct capture_spec *extras[] = { &none, &number, &text };
	const uint32_t words[] = { 0, 1, 2 + RP_TEXT_SIZE / sizeof(uint64_t) };
	struct memory_plan out;

	for (uint32_t n = 1; n <= ARRAY_SIZE(extras); n++) {
		struct object_params p = { .layout = layout,
					   .size_layout = size_layout,
					   .ntargets = 3,
					   .extras = extras,
					   .nextras = n,
					   .memory_limit = 256 * MIB };

		memory_plan__make(&p, NULL, &out);
		assert_int_equal(out.key_size, offsetof(struct rp_label_key, word[words[n - 1]]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sets),
		cmocka_unit_test(test_capped_sets),
		cmocka_unit_test(test_key_size),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
