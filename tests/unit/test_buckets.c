/* SPDX-License-Identifier: GPL-2.0-only */
/* Probes with buckets of their own, from the file to the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/histogram_views.h"
#include "config_fixture.h"
#include "expose/text.h"
#include "metrics_fixture.h"

static struct config *load(const char *text)
{
	write_file(text);
	return PARSE("--config.file=config.yaml");
}

static void settings(void **state)
{
	struct config *c = load("defaults: {buckets: [0.5]}\n"
				"probes:\n"
				"  - {functions: a, buckets: []}\n"
				"  - {functions: b, buckets: [0.003, 1]}\n"
				"  - {functions: c}\n"
				"spans:\n"
				"  - name: s\n"
				"    begin: {tracepoint: \"a:b\", key: x}\n"
				"    end: {tracepoint: \"a:c\", key: x}\n");
	const struct probe_list *l = c->lists;

	assert_int_equal(c->nlists, 4);
	assert_true(l[0].settings.buckets.given && !l[0].settings.buckets.n);
	assert_int_equal(l[1].settings.buckets.n, 2);
	assert_true(l[1].settings.buckets.v[0] == 0.003);
	for (int i = 2; i < 4; i++)
		assert_true(l[i].settings.buckets.n == 1 && l[i].settings.buckets.v[0] == 0.5);
	assert_false(probe_settings__same(&l[0].settings, &l[1].settings));
	assert_true(probe_settings__same(&l[2].settings, &l[2].settings));
	config__free(c);
}

/* The bins are for the bounds of all, and others show their own buckets only. */
static void layout(void **state)
{
	static const char first[] = "histograms: {buckets: [0.001, 1]}\n"
				    "probes: [{functions: a, buckets: [0.003, 1]}]\n",
			  same[] = "histograms: {buckets: [0.001, 1]}\n"
				   "probes: [{functions: b, buckets: [0.003]}]\n",
			  other[] = "histograms: {buckets: [0.001, 1]}\n"
				    "probes: [{functions: a, buckets: [1]}]\n";
	struct config *a = load(first), *b = load(same), *c = load(other);
	struct histogram_layout *with, *without;
	char *why = NULL;

	assert_int_equal(config__layout(a, a->nlists, &with, &why), 0);
	assert_int_equal(config__layout(c, c->nlists, &without, &why), 0);
	assert_int_equal(with->nclassic, 2);
	assert_int_equal(with->nbounds, 3);
	assert_int_equal(with->nbins, without->nbins + 1);
	assert_int_equal(with->nnative, without->nnative);
	assert_true(config__same_cells(a, b));
	assert_false(config__same_cells(a, c));
	histogram_layout__free(with);
	histogram_layout__free(without);
	config__free(a);
	config__free(b);
	config__free(c);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "probes: [{functions: a, buckets: [1, 0.5]}]",
		  "config.yaml:1:38: buckets must ascend: 0.5 stands behind 1" },
		{ "probes: [{functions: a, buckets: 1ms}]", "as in 0.001 or 1e-3" },
		{ "histograms: {native_resolution: off}\n"
		  "probes: [{functions: a, buckets: []}, {functions: b, buckets: [0.001, "
		  "0.001000001, "
		  "0.001000002, 0.001000003, 0.001000004, 0.001000005]}]",
		  "config.yaml:2:63: buckets: 6 bounds between" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *error;

		write_file(rows[i].text);
		assert_null(
			parse((const char *const[]){ "--config.file=config.yaml", NULL }, &error));
		if (!strstr(error, rows[i].says))
			fail_msg("%s: %s", rows[i].text, error);
		free(error);
	}
}

#define OF	 "retprobe_duration_seconds_"
#define READ	 "{object=\"vmlinux\",function=\"vfs_read\"}"
#define READ_LE	 OF "bucket{object=\"vmlinux\",function=\"vfs_read\",le="
#define OPEN_LE	 OF "bucket{object=\"syscall\",function=\"openat\",le="
#define READ_ALL READ_LE "\"+Inf\"} 54321\n"

static void check_text(const struct buf *b, const char *needle)
{
	if (!strstr(buf__str((struct buf *)b), needle))
		fail_msg("there is no \"%s\"", needle);
}

/* One function has buckets of its own, and another one those of all. */
static void exposed(void **state)
{
	struct histogram_views views = {};
	__cleanup_buf struct buf first = {}, second = {};
	struct target target;
	struct fixture f;
	struct expo e;

	fixture__init(&f);
	f.in.ntargets = 2;
	target = *f.states[0].target;
	f.states[0].target = &target;
	target.layout = histogram_views__get(&views, &fixture_layout, (double[]){ 2e-6, 1 }, 2);
	expo__begin(&e, &expo_text, &first);
	metrics__write(&f.in, &e);
	expo__end(&e);
	check_text(&first,
		   "histogram\n" READ_LE "\"2e-06\"} 21\n" READ_LE "\"1.0\"} 4321\n" READ_ALL);

	target.layout = histogram_views__get(&views, &fixture_layout, NULL, 0);
	assert_ptr_equal(target.layout, histogram_views__get(&views, &fixture_layout, NULL, 0));
	assert_int_equal(views.n, 2);
	expo__begin(&e, &expo_text, &second);
	metrics__write(&f.in, &e);
	expo__end(&e);
	check_text(&second, "histogram\n" READ_ALL OF "sum" READ " 123456.789012345\n" OF
			    "count" READ " 54321\n" OPEN_LE "\"1e-06\"} 2\n");
	histogram_views__free(&views);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings),
		cmocka_unit_test(layout),
		cmocka_unit_test(refused),
		cmocka_unit_test(exposed),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
