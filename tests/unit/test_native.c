/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Native histograms against the definition: bucket i holds (base^(i-1), base^i]. The reference
 * computes each index from a logarithm, in long double.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/grid.h"
#include "expose/native.h"

#define INDEX_MIN (NATIVE_MIN_EXP * 8)
#define INDEX_MAX (NATIVE_MAX_EXP * 8 + 1)
#define NINDEXES  (INDEX_MAX - INDEX_MIN + 1)

static const double classic[] = { 1e-6, 2.5e-3, 1 };

struct fixture {
	struct histogram_layout *layout;
	uint64_t cells[RP_GRID_MAX];
};

static void set_up(struct fixture *f, int schema)
{
	char *why = NULL;

	*f = (struct fixture){ 0 };
	assert_int_equal(
		histogram_layout__build(classic, ARRAY_SIZE(classic), schema, &f->layout, &why), 0);
}

static void add(struct fixture *f, uint64_t ns, uint64_t times)
{
	f->cells[rp_grid_bin(&f->layout->table, ns, f->layout->nbins - 1)] += times;
}

static struct native_histogram result(struct fixture *f)
{
	struct native_histogram h;

	native__build(&h, &(struct histogram_value){ .layout = f->layout, .cells = f->cells });
	histogram_layout__free(f->layout);
	f->layout = NULL;
	return h;
}

/* A duration in bucket `index` of a schema, away from the bounds. */
static uint64_t within(int index, int schema)
{
	return (uint64_t)(exp2l((index - 0.5L) / (1 << schema)) * 1e9L);
}

static int index_of(long double log2, int schema)
{
	return (int)ceill(log2 * (1 << schema));
}

/* From spans back to a count per index, as a scraper does. */
static void expand(const struct native_histogram *h, uint64_t by_index[NINDEXES])
{
	uint64_t sum = h->zero_count;
	size_t bucket = 0;
	int index = 0;

	memset(by_index, 0, NINDEXES * sizeof(by_index[0]));
	for (size_t i = 0; i < h->nspans; i++) {
		assert_true(h->spans[i].length > 0);
		assert_true(!i || h->spans[i].offset > NATIVE_GAP_MAX);
		index += h->spans[i].offset;
		for (uint32_t j = 0; j < h->spans[i].length; j++, index++) {
			assert_in_range(index - INDEX_MIN, 0, NINDEXES - 1);
			by_index[index - INDEX_MIN] = h->buckets[bucket];
			sum += h->buckets[bucket++];
		}
	}
	assert_int_equal(bucket, h->nbuckets);
	assert_true(h->nbuckets <= NATIVE_BUCKETS_MAX);
	assert_int_equal(sum, h->count);
}

static void test_empty(void **state)
{
	for (int schema = 0; schema <= 3; schema++) {
		struct fixture f;

		set_up(&f, schema);
		struct native_histogram h = result(&f);

		assert_int_equal(h.schema, schema);
		assert_int_equal(h.nspans + h.nbuckets + h.count + h.zero_count, 0);
	}
}

static void test_spans(void **state)
{
	static const struct {
		int index;
		uint64_t count;
	} put[] = { { -9, 3 }, { -8, 5 }, { -5, 1 }, { -3, 3 }, { 1, 7 }, { 5, 2 } };
	static const struct native_span spans[] = { { -9, 7 }, { 3, 1 }, { 3, 1 } };
	static const uint64_t buckets[] = { 3, 5, 0, 0, 1, 0, 3, 7, 2 };
	struct fixture f;

	set_up(&f, 1);
	add(&f, 0, 4);
	for (size_t i = 0; i < ARRAY_SIZE(put); i++)
		add(&f, within(put[i].index, 1), put[i].count);

	struct native_histogram h = result(&f);

	assert_int_equal(h.schema, 1);
	assert_int_equal(h.zero_count, 4);
	assert_int_equal(h.count, 25);
	assert_int_equal(h.nspans, ARRAY_SIZE(spans));
	assert_memory_equal(h.spans, spans, sizeof(spans));
	assert_int_equal(h.nbuckets, ARRAY_SIZE(buckets));
	assert_memory_equal(h.buckets, buckets, sizeof(buckets));
}

/* The bucket limit: 160 stay as they are; one more halves the resolution. */
static void test_limit(void **state)
{
	for (int n = NATIVE_BUCKETS_MAX - 1; n <= NATIVE_BUCKETS_MAX + 1; n++) {
		struct fixture f;

		set_up(&f, 3);
		for (int i = 0; i < n; i++)
			add(&f, within(i - 120, 3), 1);

		struct native_histogram h = result(&f);

		assert_int_equal(h.count, n);
		assert_int_equal(h.schema, n <= NATIVE_BUCKETS_MAX ? 3 : 2);
		assert_int_equal(h.nbuckets, n <= NATIVE_BUCKETS_MAX ? n : 81);
		assert_int_equal(h.nspans, 1);
		assert_int_equal(h.spans[0].offset, n <= NATIVE_BUCKETS_MAX ? -120 : -60);
	}
}

#define DURATIONS 1000000
static uint64_t durations[DURATIONS];
static long double log2_seconds[DURATIONS]; /* computed once: slow on arm64 */

static void check_durations(int n, int schema)
{
	static uint64_t want[NINDEXES], got[NINDEXES];
	struct native_histogram h;
	uint64_t zeros = 0;
	struct fixture f;

	set_up(&f, schema);
	for (int i = 0; i < n; i++)
		add(&f, durations[i], 1);
	h = result(&f);
	assert_true(h.schema <= schema && h.schema >= 0);
	assert_true(h.schema == schema || n > NATIVE_BUCKETS_MAX / (NATIVE_GAP_MAX + 1));

	memset(want, 0, sizeof(want));
	for (int i = 0; i < n; i++) {
		if (!durations[i])
			zeros++;
		else if (durations[i] > 1024000000000ULL) /* one bucket for all */
			want[(NATIVE_MAX_EXP << h.schema) + 1 - INDEX_MIN]++;
		else
			want[index_of(log2_seconds[i], h.schema) - INDEX_MIN]++;
	}
	expand(&h, got);
	assert_int_equal(h.count, n);
	assert_int_equal(h.zero_count, zeros);
	assert_memory_equal(got, want, sizeof(want));
}

/* A million durations of all magnitudes at each resolution, and 500, which leave gaps. */
static void test_random(void **state)
{
	static const int sizes[] = { 1, 20, 500, DURATIONS };
	uint64_t x = 0x9e3779b97f4a7c15; /* xorshift: repeatable */

	for (size_t size = 0; size < ARRAY_SIZE(sizes); size++) {
		for (int i = 0; i < sizes[size]; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* up to 2^40: within the last bound */
			durations[i] = (x >> 24) >> (x & 63) % 40;
			log2_seconds[i] = log2l((long double)durations[i] / 1e9L);
		}
		for (int schema = 0; schema <= 3; schema++)
			check_durations(sizes[size], schema);
	}
}

/* As counters grow, the schema only goes down, never up. */
static void test_never_finer_again(void **state)
{
	uint64_t x = 88172645463325252ULL;
	struct fixture f;
	int schema = 3;

	set_up(&f, 3);
	for (int i = 0; i < 1500; i++) {
		struct native_histogram h;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		add(&f, (x >> 24) >> (x & 63) % 40, 1);
		native__build(&h,
			      &(struct histogram_value){ .layout = f.layout, .cells = f.cells });
		assert_true(h.schema <= schema);
		assert_int_equal(h.count, i + 1);
		schema = h.schema;
	}
	assert_true(schema < 3);
	histogram_layout__free(f.layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_never_finer_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
