/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory plan, and what remains. features are replaced (REPLACED in the Makefile). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/config.h"
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
	struct config *c = config__new();
	char *error;

	assert_int_equal(histogram_layout__build(c->buckets, c->nbuckets, c->native_schema, &layout,
						 &error),
			 0);
	assert_int_equal(histogram_layout__build(c->size_buckets, c->nsize_buckets,
						 HISTOGRAM_INTEGERS, &size_layout, &error),
			 0);
	config__free(c);
	return 0;
}

static int tear_down(void **state)
{
	histogram_layout__free(layout);
	histogram_layout__free(size_layout);
	return 0;
}

/* `ntargets` functions, the first one with this many label sets; 0: without labels. */
static struct memory_plan plan_on(struct cpus cpus, uint32_t ntargets, uint32_t max_series,
				  uint64_t limit)
{
	struct capture_spec x = { .nlabels = 1,
				  .kernel = { .comm = 1, .text_at = 2, .max_series = max_series } };
	const struct capture_spec *extras[] = { &x };
	struct object_params p = {
		.layout = layout,
		.size_layout = size_layout,
		.ntargets = ntargets,
		.cpus = cpus,
		.programs = PROG_BIT(PROG_KPROBE_ENTRY),
		.capturing_programs = max_series ? PROG_BIT(PROG_KPROBE_ENTRY) : 0,
		.extras = extras,
		.nextras = max_series ? 1 : 0,
		.memory_limit = limit,
	};
	struct memory_plan out;

	memory_plan__make(&p, NULL, &out);
	return out;
}

static struct memory_plan plan(uint32_t max_series, uint64_t limit)
{
	return plan_on((struct cpus){ 2, 2 }, 1, max_series, limit);
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

/* Text of a program that may come into memory during a system call: there is room for it wherever
 * the capture spec keeps its filters. */
static void test_late_text(void **state)
{
	const struct rp_field text = { .text = RP_TEXT, .user = 1 }, number = {};
	struct capture_spec specs[] = {
		{ .kernel = { .nfilters = 1, .filter[0].field = number } },
		{ .kernel = { .nfilters = 1, .filter[0].field = text } },
		{ .kernel = { .nfilters = RP_FILTERS + 2, .alternative[1].field = text } },
		{ .kernel = { .ntexts = 1, .text[0] = text } },
	};
	struct memory_plan out;

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		const struct capture_spec *extras[] = { &specs[i] };
		struct object_params p = { .layout = layout,
					   .size_layout = size_layout,
					   .ntargets = 1,
					   .capturing_programs = PROG_BIT(PROG_SYSCALL_ENTER),
					   .extras = extras,
					   .nextras = 1,
					   .memory_limit = 256 * MIB };

		memory_plan__make(&p, NULL, &out);
		assert_int_equal(out.nlate > 1, i > 0);
	}
}

static uint64_t of_cells(const struct memory_plan *p)
{
	return p->cells + p->pool;
}

/* CPUs that are not there cost little: a tenth, or 128 KiB. */
static void test_possible_cpus(void **state)
{
	static const uint32_t functions[] = { 1, 64, 65, 500, 1000, 10000 };

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		struct memory_plan two = plan_on((struct cpus){ 2, 2 }, functions[i], 0, 256 * MIB);
		struct memory_plan many =
			plan_on((struct cpus){ 128, 2 }, functions[i], 0, 256 * MIB);

		assert_int_equal(two.own_banks, 2);
		assert_int_equal(many.own_banks, 2);
		assert_int_equal(two.pool + two.shared_banks, 0);
		assert_true(many.total - two.total <= two.total / 10 ||
			    many.total - two.total <= MIB / 8);
		assert_true(of_cells(&many) - of_cells(&two) <= of_cells(&two) / 10 ||
			    of_cells(&many) - of_cells(&two) <= MIB / 8);
		/* All late CPUs together have a place for each function. */
		assert_true(many.pool_rows + many.pool_shared >= 64 ||
			    many.pool_rows + many.pool_shared >= functions[i]);
		assert_true(many.pool_shared + many.brief_cells == functions[i]);
	}
}

/* A large machine whose CPUs are there: each has its own, while there is room. */
static void test_online_cpus(void **state)
{
	struct memory_plan p = plan_on((struct cpus){ 128, 128 }, 100, 0, 256 * MIB);

	assert_int_equal(p.own_banks, 128);
	assert_int_equal(p.shared_banks, 0);
	assert_int_equal(p.cells, 128UL * 100 * p.cell_size);
	/* A limit that has no room for that is kept. */
	p = plan_on((struct cpus){ 128, 128 }, 100, 0, 32 * MIB);
	assert_int_equal(p.own_banks, 0);
	assert_true(p.total <= 8 * MIB);
}

/* 100 functions that are called on all CPUs have a row each. */
static void test_many_functions(void **state)
{
	struct memory_plan p = plan_on((struct cpus){ 128, 128 }, 10000, 0, 256 * MIB);

	assert_int_equal(p.own_banks, 0);
	assert_true(p.pool_rows >= 100 * 128);
	assert_int_equal(p.pool_shared, 10000);
	assert_true(p.total <= 64 * MIB);
	/* As before on a small machine. */
	p = plan_on((struct cpus){ 4, 4 }, 10000, 0, 256 * MIB);
	assert_int_equal(p.own_banks, 4);
}

static void test_sets_on_many_cpus(void **state)
{
	struct memory_plan p = plan_on((struct cpus){ 48, 48 }, 1, 500, 256 * MIB);

	assert_int_equal(p.nsets, 500);
	assert_true(p.total <= 16 * MIB);
	/* The function's own cell, for _other, is as before. */
	assert_int_equal(p.own_banks, 48);
	assert_true(p.pools_sets);
	assert_int_equal(p.pool_shared, 501);
	assert_true(p.pool_rows > 0);
	p = plan_on((struct cpus){ 4, 4 }, 1, 500, 256 * MIB);
	assert_false(p.pools_sets);
}

static void test_list_of_cpus(void **state)
{
	assert_int_equal(cpus__end_of("0\n"), 1);
	assert_int_equal(cpus__end_of("0-127\n"), 128);
	assert_int_equal(cpus__end_of("0-3,8\n"), 9);
	assert_int_equal(cpus__end_of("0,2-3,64-65\n"), 66);
	assert_int_equal(cpus__end_of("\n"), 0);
	assert_int_equal(cpus__end_of(""), 0);
	assert_true(cpus__read().online >= 1);
	assert_true(cpus__read().online <= cpus__read().possible);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sets),       cmocka_unit_test(test_capped_sets),
		cmocka_unit_test(test_late_text),      cmocka_unit_test(test_key_size),
		cmocka_unit_test(test_possible_cpus),  cmocka_unit_test(test_online_cpus),
		cmocka_unit_test(test_many_functions), cmocka_unit_test(test_sets_on_many_cpus),
		cmocka_unit_test(test_list_of_cpus),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
