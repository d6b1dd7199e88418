/* SPDX-License-Identifier: GPL-2.0-only */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expo.h"
#include "golden.h"

/* Cells of 1, 2 and 1 thresholds to a bucket, and the rest above. */
static double classic[] = { 1e-6, 2.5e-3, 1 };
static uint32_t classic_end[] = { 1, 3, 4 };
static const struct grid grid = {
	.nthresholds = 4,
	.ncells = 5,
	.classic = classic,
	.nclassic = 3,
	.classic_end = classic_end,
};
static const struct grid no_bounds = { .nthresholds = 2, .ncells = 3 };

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
	struct histogram_value v = { .grid = &grid, .cells = cells, .sum = 0.1 + 0.2 };
	struct metric_family unused = { "test_unused", "Not here.", "", METRIC_GAUGE };
	struct label l[2];
	struct label_set ls = labels_of(l, "vfs_read");

	expo__family(e, &seconds);
	expo__histogram(e, &ls, &v, 1700000000);
	v = (struct histogram_value){ .grid = &no_bounds, .cells = three, .sum = 12 };
	expo__histogram(e, &ls, &v, 0);
	v = (struct histogram_value){ .grid = &grid, .cells = (uint64_t[5]){ 0 }, .sum = 0 };
	expo__histogram(e, NULL, &v, 0);
	v = (struct histogram_value){ .grid = &no_bounds, .cells = none, .sum = 0 };
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
	expo__value(e, NULL, 2.5e-7);
	expo__value(e, NULL, 3);
	expo__value(e, NULL, NAN);
	expo__value(e, NULL, -INFINITY);
}

static void test_text(void **state)
{
	__cleanup_buf struct buf out = { 0 };
	struct expo e;

	expo__begin(&e, &expo_text, &out);
	write_all(&e);
	expo__end(&e);
	golden__check("expo_text.txt", &out);
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
		expo__bound(&b, cases[i].v);
		assert_string_equal(buf__str(&b) + 1, cases[i].want);
	}
}

/* A scratch that cannot grow must not pass for a body that is whole. */
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

static void test_escape(void **state)
{
	__cleanup_buf struct buf b = { 0 };

	expo__escape(&b, "a\"b\\c\nd\x80", true);
	assert_string_equal(buf__str(&b), "a\\\"b\\\\c\\nd\\\\x80");
	b.len = 0;
	expo__escape(&b, "a\"b\\c\nd", false);
	assert_string_equal(buf__str(&b), "a\"b\\\\c\\nd");
	b.len = 0;
	expo__escape(&b, "", true);
	assert_string_equal(buf__str(&b), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_failure_shows),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
