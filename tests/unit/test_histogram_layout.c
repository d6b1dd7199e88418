/* SPDX-License-Identifier: GPL-2.0-only */
/* The layout against an independent reference that compares bounds one by one. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/grid.h"
#include "base/histogram_layout.h"

static const double decimal[] = { 1e-7, 2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5,
				  1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2,
				  1e-1, 2.5e-1, 5e-1, 1,    2.5,    5,	  10 };

/* Longer durations share one bucket. */
#define NATIVE_LAST_NS 1024000000000ULL

static struct histogram_layout *build(int schema)
{
	struct histogram_layout *g = NULL;
	char *why = NULL;

	assert_int_equal(histogram_layout__build(decimal, ARRAY_SIZE(decimal), schema, &g, &why),
			 0);
	assert_null(why);
	return g;
}

/* The decimal bounds themselves, not their doubles. Long doubles are slow on arm64. */
static uint64_t decimal_ns[ARRAY_SIZE(decimal)];

static int compute_bounds(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(decimal); i++)
		decimal_ns[i] = (uint64_t)roundl((long double)decimal[i] * 1e9L);
	return 0;
}

/* Bucket of the first bound that is not below the duration, by definition. */
static uint32_t reference_classic(uint64_t ns)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(decimal); i++)
		if (ns <= decimal_ns[i])
			return i;
	return ARRAY_SIZE(decimal);
}

static long double log2_seconds(uint64_t ns)
{
	return log2l((long double)ns / 1e9L);
}

static int reference_native(long double log2, int schema)
{
	return (int)ceill(log2 * (1 << schema));
}

/* Bucket of each bin: the first with a higher end. */
static void invert(const uint32_t *end, uint32_t n, uint32_t nbins, uint32_t *bucket)
{
	for (uint32_t bin = 0, i = 0; bin < nbins; bin++) {
		while (i < n && bin >= end[i])
			i++;
		bucket[bin] = i;
	}
}

static uint32_t bucket_of(const uint32_t *end, uint32_t n, uint32_t bin)
{
	for (uint32_t i = 0; i < n; i++)
		if (bin < end[i])
			return i;
	return n;
}

static void check(const struct histogram_layout *g, uint64_t ns)
{
	uint32_t bin = rp_grid_bin(&g->table, ns, g->nbins - 1);

	assert_in_range(bin, 0, g->nbins - 1);
	assert_int_equal(bucket_of(g->classic_end, g->nclassic, bin), reference_classic(ns));
	if (!g->native)
		return;
	if (ns == 0) {
		assert_true(bin < g->zero_end);
	} else if (ns <= NATIVE_LAST_NS) {
		assert_true(bin >= g->zero_end);
		assert_int_equal(g->native_first_index +
					 (int)bucket_of(g->native_end, g->nnative, bin),
				 reference_native(log2_seconds(ns), g->schema));
	} else {
		assert_int_equal(bucket_of(g->native_end, g->nnative, bin), g->nnative - 1);
	}
}

struct resolution {
	struct histogram_layout *layout;
	uint32_t classic[RP_GRID_MAX], native[RP_GRID_MAX];
};

static void check_resolution(const struct resolution *r, uint64_t ns, long double log2)
{
	const struct histogram_layout *g = r->layout;
	uint32_t bin = rp_grid_bin(&g->table, ns, g->nbins - 1);

	if (bin >= g->nbins || r->classic[bin] != reference_classic(ns))
		fail_msg("schema %d, %llu ns: bin %u", g->schema, (unsigned long long)ns, bin);
	if (g->native && ns && ns <= NATIVE_LAST_NS &&
	    g->native_first_index + (int)r->native[bin] != reference_native(log2, g->schema))
		fail_msg("schema %d, %llu ns: native bin %u", g->schema, (unsigned long long)ns,
			 bin);
}

/* Many durations of all magnitudes at each resolution. */
static void test_random(void **state)
{
	static struct resolution resolutions[5];
	uint64_t x = 88172645463325252ULL; /* xorshift: repeatable */

	for (size_t i = 0; i < ARRAY_SIZE(resolutions); i++) {
		struct resolution *r = &resolutions[i];
		struct histogram_layout *g = r->layout = build((int)i - 1);

		invert(g->classic_end, g->nclassic, g->nbins, r->classic);
		invert(g->native_end, g->native ? g->nnative : 0, g->nbins, r->native);
	}
	for (int i = 0; i < 200000; i++) {
		long double log2;
		uint64_t ns;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		ns = x >> (x & 63);
		log2 = log2_seconds(ns);
		for (size_t k = 0; k < ARRAY_SIZE(resolutions); k++)
			check_resolution(&resolutions[k], ns, log2);
	}
	for (size_t i = 0; i < ARRAY_SIZE(resolutions); i++)
		histogram_layout__free(resolutions[i].layout);
}

static void test_edges(void **state)
{
	for (int schema = -1; schema <= 3; schema++) {
		struct histogram_layout *g = build(schema);

		for (uint32_t i = 0; i < g->nthresholds; i++)
			for (int d = -1; d <= 1; d++)
				if (g->table.threshold[i] || d >= 0)
					check(g, g->table.threshold[i] + (uint64_t)d);
		check(g, 0);
		check(g, UINT64_MAX);
		histogram_layout__free(g);
	}
}

static void test_cells_are_the_union(void **state)
{
	struct histogram_layout *g = build(3);

	for (uint32_t i = 1; i < g->nclassic; i++)
		assert_true(g->classic_end[i] > g->classic_end[i - 1]);
	for (uint32_t i = 1; i < g->nnative; i++)
		assert_true(g->native_end[i] >= g->native_end[i - 1]);
	assert_int_equal(g->native_end[g->nnative - 1], g->nbins);
	assert_int_equal(g->nbins, g->nthresholds + 1);
	histogram_layout__free(g);
}

static void test_no_classic(void **state)
{
	struct histogram_layout *g = NULL;
	char *why = NULL;

	assert_int_equal(histogram_layout__build(NULL, 0, 0, &g, &why), 0);
	assert_int_equal(g->nclassic, 0);
	assert_true(g->native);
	histogram_layout__free(g);
	assert_int_equal(histogram_layout__build(NULL, 0, -1, &g, &why), 0);
	assert_int_equal(g->nbins, 1);
	assert_int_equal(rp_grid_bin(&g->table, 12345, 0), 0);
	histogram_layout__free(g);
}

/* Another choice of classic bounds has the same bins, and the same native buckets. */
static void test_view(void **state)
{
	static const double all[] = { 1e-6, 3e-3, 1 }, some[] = { 3e-3 };
	struct histogram_layout *g = NULL, *view;
	char *why = NULL;

	assert_int_equal(histogram_layout__build(all, ARRAY_SIZE(all), 2, &g, &why), 0);
	view = histogram_layout__view(g, some, ARRAY_SIZE(some));
	assert_int_equal(view->nbins, g->nbins);
	assert_memory_equal(&view->table, &g->table, sizeof(g->table));
	assert_int_equal(view->nclassic, 1);
	assert_int_equal(view->classic_end[0], g->classic_end[1]);
	assert_int_equal(view->nbounds, 3);
	assert_memory_equal(view->native_end, g->native_end, g->nnative * sizeof(*g->native_end));
	histogram_layout__free(g);
	assert_true(view->classic[0] == 3e-3);
	histogram_layout__free(view);
}

static void test_refused(void **state)
{
	static const double close[] = { 1e-3,	     1.000001e-3, 1.000002e-3, 1.000003e-3,
					1.000004e-3, 1.000005e-3, 1.000006e-3 };
	double many[600];
	struct histogram_layout *g = NULL;
	char *why = NULL;

	assert_int_equal(histogram_layout__build(close, ARRAY_SIZE(close), 0, &g, &why), -EINVAL);
	assert_non_null(strstr(why, "too close together"));
	free(why);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = 1e-7 * pow(1.05, (double)i);
	assert_int_equal(histogram_layout__build(many, ARRAY_SIZE(many), -1, &g, &why), -EINVAL);
	assert_non_null(strstr(why, "use fewer buckets"));
	free(why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_cells_are_the_union),
		cmocka_unit_test(test_no_classic),
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, compute_bounds, NULL);
}
