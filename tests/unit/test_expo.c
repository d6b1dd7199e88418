/* SPDX-License-Identifier: GPL-2.0-only */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/grid.h"
#include "expose/escape.h"
#include "expose/openmetrics.h"
#include "expose/protobuf.h"
#include "expose/text.h"
#include "golden.h"

/* From the sanitizer runtime. gcc does not ship the header. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

/* Buckets of 1, 2 and 1 cells, and one for the rest. */
static double classic[] = { 1e-6, 2.5e-3, 1 };
static uint32_t classic_end[] = { 1, 3, 4 };
static const struct histogram_layout layout = {
	.nthresholds = 4,
	.nbins = 5,
	.classic = classic,
	.nclassic = 3,
	.classic_end = classic_end,
};
static const struct histogram_layout no_bounds = { .nthresholds = 2, .nbins = 3 };

static const struct metric_family seconds = {
	.name = "test_seconds",
	.help = "A histogram.",
	.unit = "seconds",
	.type = METRIC_HISTOGRAM,
};
static const struct metric_family calls = {
	.name = "test_calls",
	.help = "A \"counter\" with a \\ and\na second line.",
	.unit = "",
	.type = METRIC_COUNTER,
};
static const struct metric_family level = {
	.name = "test_level",
	.help = "A gauge.",
	.unit = "",
	.type = METRIC_GAUGE,
};

static struct label_set labels_of(struct label *l, const char *value)
{
	l[0] = (struct label){ "object", "vmlinux" };
	l[1] = (struct label){ "function", value };
	return (struct label_set){ l, 2 };
}

static void write_all(struct expo *e)
{
	static const uint64_t cells[] = { 1, 20, 300, 4000, 50000 }, none[3], three[] = { 0, 7, 1 };
	struct histogram_value v = { .layout = &layout, .cells = cells, .sum = 0.1 + 0.2 };
	struct metric_family unused = { "test_unused", "Not here.", "", METRIC_GAUGE };
	struct label l[2];
	struct label_set ls = labels_of(l, "vfs_read");

	expo__family(e, &seconds);
	expo__histogram(e, &ls, &v, 1700000000);
	v = (struct histogram_value){ .layout = &no_bounds, .cells = three, .sum = 12 };
	expo__histogram(e, &ls, &v, 0);
	v = (struct histogram_value){ .layout = &layout, .cells = (uint64_t[5]){ 0 }, .sum = 0 };
	expo__histogram(e, NULL, &v, 0);
	v = (struct histogram_value){ .layout = &no_bounds, .cells = none, .sum = 0 };
	expo__histogram(e, NULL, &v, 0);

	expo__family(e, &calls);
	expo__count(e, &ls, UINT64_MAX, 1700000000.5);
	ls = labels_of(l, "quote \" backslash \\ newline \n tab \t");
	expo__count(e, &ls, 0, 0);
	ls = labels_of(l, "euro \xe2\x82\xac bad \xff\xfe cut \xe2\x82");
	expo__count(e, &ls, 1, 0);
	expo__count(e, &(struct label_set){ NULL, 0 }, 2, 0);

	expo__family(e, &unused);

	expo__family(e, &level);
	expo__value(e, NULL, 2.5e-7, 0);
	expo__value(e, NULL, 3, 0);
	expo__value(e, NULL, NAN, 0);
	expo__value(e, NULL, -INFINITY, 0);
}

/* A bucket has its newest exemplar. Also values that are not UTF-8, and values of the maximum
 * length. */
static void write_exemplars(struct expo *e)
{
	static const uint64_t cells[] = { 1, 20, 300, 4000, 50000 };
	static const struct exemplar exemplars[] = {
		{ .bin = 1, .number = 9, .ns = 1500, .time = 1700000000.25, .pid = 7, .comm = "a" },
		{ .bin = 2, .number = 8, .ns = 2000, .time = 1700000000, .pid = 8, .comm = "b" },
		{ .bin = 4,
		  .number = UINT64_MAX,
		  .ns = 5000000000,
		  .time = 1700000001,
		  .pid = UINT32_MAX,
		  .comm = "q\"\\\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" },
	};
	struct histogram_value v = { .layout = &layout,
				     .cells = cells,
				     .sum = 1,
				     .exemplars = exemplars,
				     .nexemplars = ARRAY_SIZE(exemplars) };
	struct label l[2];
	struct label_set ls = labels_of(l, "vfs_read");

	expo__family(e, &seconds);
	expo__histogram(e, &ls, &v, 0);
}

static const char *expose_exemplars(const struct expo_format *format, struct buf *out)
{
	struct expo e;

	buf__free(out);
	expo__begin(&e, format, out);
	write_exemplars(&e);
	expo__end(&e);
	assert_false(out->failed);
	return buf__str(out);
}

#define BUCKET(le, n) \
	"test_seconds_bucket{object=\"vmlinux\",function=\"vfs_read\",le=\"" le "\"} " n

static void test_exemplars(void **state)
{
	__cleanup_buf struct buf out = {};
	const char *text = expose_exemplars(&expo_openmetrics, &out);

	assert_non_null(strstr(text,
			       BUCKET("1e-06", "1\n")
				       BUCKET("0.0025", "321 # {sample=\"9\",pid=\"7\",comm=\"a\"} "
							"1.5e-06 1700000000.250\n")
					       BUCKET("1.0", "4321\n")));
	assert_non_null(strstr(
		text, BUCKET("+Inf", "54321 # {sample=\"18446744073709551615\",pid=\"4294967295\","
				     "comm=\"q\\\"\\\\")));
	text = expose_exemplars(&expo_text, &out);
	assert_null(strstr(text, "sample="));
	assert_non_null(strstr(text, BUCKET("0.0025", "321\n")));
	expose_exemplars(&expo_protobuf, &out);
	golden__check("expo_exemplars.bin", &out);
}

/* A histogram of these durations at the schema. */
struct sample_histogram {
	struct histogram_layout *layout;
	uint64_t cells[RP_GRID_MAX];
	struct histogram_value value;
};

static void build_histogram(struct sample_histogram *h, int schema, const uint64_t *ns, size_t n)
{
	char *why = NULL;

	*h = (struct sample_histogram){ 0 };
	assert_int_equal(
		histogram_layout__build(classic, ARRAY_SIZE(classic), schema, &h->layout, &why), 0);
	h->value = (struct histogram_value){ .layout = h->layout, .cells = h->cells };
	for (size_t i = 0; i < n; i++) {
		h->cells[rp_grid_bin(&h->layout->table, ns[i], h->layout->nbins - 1)]++;
		h->value.sum += (double)ns[i] / 1e9;
	}
}

static void write_native(struct expo *e)
{
	static const uint64_t ns[] = { 0,    0,	      900,     1000,	1000,	1001,
				       4000, 1000000, 2500001, 1 << 30, 1 << 30 };
	struct label l[2];
	struct label_set ls = labels_of(l, "vfs_read");
	struct sample_histogram h;

	expo__family(e, &seconds);
	build_histogram(&h, 0, ns, ARRAY_SIZE(ns));
	expo__histogram(e, &ls, &h.value, 1700000000.25);
	histogram_layout__free(h.layout);
	/* No calls yet: no spans, but still native. */
	build_histogram(&h, 3, NULL, 0);
	expo__histogram(e, NULL, &h.value, 1700000000);
	histogram_layout__free(h.layout);
}

static const struct {
	const struct expo_format *format;
	bool created_series;
	const char *golden;
} exposures[] = {
	{ &expo_text, false, "expo_text.txt" },
	{ &expo_text, true, "expo_text.txt" },
	{ &expo_openmetrics, false, "expo_openmetrics.txt" },
	{ &expo_openmetrics, true, "expo_openmetrics_created.txt" },
	{ &expo_protobuf, false, "expo_protobuf.bin" },
	{ &expo_protobuf, true, "expo_protobuf.bin" },
};

static void test_formats(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(exposures); i++) {
		__cleanup_buf struct buf out = { 0 };
		struct expo e;

		expo__begin(&e, exposures[i].format, &out);
		e.created_series = exposures[i].created_series;
		write_all(&e);
		if (e.format == &expo_protobuf)
			write_native(&e);
		expo__end(&e);
		golden__check(exposures[i].golden, &out);
	}
}

/* Nothing exposed: only the end remains. */
static void test_nothing(void **state)
{
	static const char *const bodies[] = { "", "", "# EOF\n", "# EOF\n", "", "" };

	for (size_t i = 0; i < ARRAY_SIZE(exposures); i++) {
		__cleanup_buf struct buf out = { 0 };
		struct expo e;

		expo__begin(&e, exposures[i].format, &out);
		expo__end(&e);
		assert_string_equal(buf__str(&out), bodies[i]);
	}
}

static size_t allocations;

static void on_malloc(const volatile void *p, size_t size)
{
	allocations++;
}

static void on_free(const volatile void *p)
{
}

static size_t allocations_of(const struct expo_format *format, int functions)
{
	static const uint64_t ns[] = { 0, 900, 1000, 4000, 1000000, 1 << 30 };
	__cleanup_buf struct buf out = { 0 };
	struct sample_histogram h;
	struct label l[2];
	struct label_set ls = labels_of(l, "vfs_read");
	struct expo e;

	build_histogram(&h, 3, ns, ARRAY_SIZE(ns));
	assert_non_null(buf__reserve(&out, 1 << 22));
	allocations = 0;
	expo__begin(&e, format, &out);
	e.created_series = true;
	expo__family(&e, &seconds);
	for (int i = 0; i < functions; i++)
		expo__histogram(&e, &ls, &h.value, 1700000000.5);
	expo__family(&e, &calls);
	for (int i = 0; i < functions; i++)
		expo__count(&e, &ls, i, 1700000000.5);
	expo__end(&e);
	histogram_layout__free(h.layout);
	assert_false(out.failed);
	return allocations;
}

/* A thousand functions need no more allocations than one: only the scratch buffer. */
static void test_no_allocation_per_sample(void **state)
{
	__cleanup_buf struct buf once = { 0 };

	assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0);
	for (size_t i = 0; i < ARRAY_SIZE(exposures); i++) {
		size_t one = allocations_of(exposures[i].format, 1);

		assert_int_equal(allocations_of(exposures[i].format, 1000), one);
	}
	/* Allocations are counted at all. */
	allocations = 0;
	buf__putc(&once, ' ');
	assert_int_equal(allocations, 1);
}

static void test_bounds(void **state)
{
	static const struct {
		double v;
		const char *want;
	} cases[] = {
		{ 1, "1.0" },	    { 10, "10.0" },
		{ 2.5, "2.5" },	    { 0.25, "0.25" },
		{ 0.001, "0.001" }, { 1e-4, "0.0001" },
		{ 1e-5, "1e-05" },  { 2.5e-7, "2.5e-07" },
		{ 1e-6, "1e-06" },  { 1048576, "1048576.0" },
		{ 1e20, "1e+20" },  { INFINITY, "+Inf" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_buf struct buf b = { 0 };

		buf__putc(&b, ' ');
		escape__bound(&b, cases[i].v);
		assert_string_equal(buf__str(&b) + 1, cases[i].want);
	}
}

/* A truncated body must not pass for a complete one if the scratch buffer cannot grow. */
static void test_failure_shows(void **state)
{
	__cleanup_buf struct buf out = { 0 };
	struct expo e;

	expo__begin(&e, &expo_text, &out);
	write_all(&e);
	e.labels.failed = true;
	expo__end(&e);
	assert_true(out.failed);

	buf__free(&out);
	expo__begin(&e, &expo_text, &out);
	e.bounds.failed = true;
	write_all(&e);
	expo__end(&e);
	assert_true(out.failed);
}

/* Allocations fail from the beginning, or from some point on. */
static void test_out_of_memory(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(exposures); i++) {
		for (int before = 0; before < 2; before++) {
			__cleanup_buf struct buf out = { 0 };
			struct expo e;
			size_t len;

			expo__begin(&e, exposures[i].format, &out);
			if (before)
				write_all(&e);
			len = out.len;
			out.failed = true;
			write_all(&e);
			write_native(&e);
			expo__end(&e);
			assert_true(out.failed);
			assert_int_equal(out.len, len);
		}
	}
}

static void test_utf8(void **state)
{
	__cleanup_buf struct buf b = { 0 };

	escape__bytes(&b, "a\"b\\c\nd\x80 \xe2\x82\xac\xff");
	assert_string_equal(buf__str(&b), "a\"b\\c\nd\\x80 \xe2\x82\xac\\xff");
}

static void test_escape(void **state)
{
	__cleanup_buf struct buf b = { 0 };

	escape__text(&b, "a\"b\\c\nd\x80", true);
	assert_string_equal(buf__str(&b), "a\\\"b\\\\c\\nd\\\\x80");
	b.len = 0;
	escape__text(&b, "a\"b\\c\nd", false);
	assert_string_equal(buf__str(&b), "a\"b\\\\c\\nd");
	b.len = 0;
	escape__text(&b, "", true);
	assert_string_equal(buf__str(&b), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exemplars),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_no_allocation_per_sample),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_failure_shows),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
