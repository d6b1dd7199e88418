/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys of a probe other than its targets, `defaults`, and size buckets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

static void check_expression(const struct expression *e, const char *name, const char *text,
			     const char *place)
{
	if (name)
		assert_string_equal(e->name, name);
	else
		assert_null(e->name);
	assert_string_equal(e->text, text);
	assert_string_equal(source_pos__str(&e->pos), place);
}

static void test_keys(void **state)
{
	const struct probe_settings *s;
	struct config *c;

	write_file("probes:\n"
		   "- functions: vfs_read\n"
		   "  returns: size\n"
		   "  labels: [comm, {fstype: \"file->f_inode->i_sb->s_type->name\", n: count},\n"
		   "    container_id, who: pid]\n"
		   "  filter: [comm == rm, \"count > 5\"]\n"
		   "  observe: {bytes: count, object: \"arg2\"}\n"
		   "  max_series: 100000\n"
		   "  series_ttl: 1h30m\n"
		   "- functions: b\n"
		   "  filter: duration > 1ms\n"
		   "  split: cpu\n"
		   "  counters: context-switches\n");
	c = PARSE("--config.file=config.yaml");
	s = &c->lists[0].settings;
	assert_false(s->off_cpu);
	assert_int_equal(s->counters, 0);
	assert_int_equal(s->returns, RETURNS_SIZE);
	assert_string_equal(source_pos__str(&s->returns_pos), "config.yaml:3:12");
	assert_int_equal(s->nlabels, 5);
	check_expression(&s->labels[0], "comm", "comm", "config.yaml:4:12");
	check_expression(&s->labels[1], "fstype", "file->f_inode->i_sb->s_type->name",
			 "config.yaml:4:27");
	check_expression(&s->labels[2], "n", "count", "config.yaml:4:67");
	check_expression(&s->labels[3], "container_id", "container_id", "config.yaml:5:5");
	check_expression(&s->labels[4], "who", "pid", "config.yaml:5:24");
	assert_int_equal(s->nfilters, 2);
	check_expression(&s->filters[0], NULL, "comm == rm", "config.yaml:6:12");
	check_expression(&s->filters[1], NULL, "count > 5", "config.yaml:6:24");
	assert_int_equal(s->nobserved, 2);
	check_expression(&s->observed[0], "bytes", "count", "config.yaml:7:20");
	check_expression(&s->observed[1], "object", "arg2", "config.yaml:7:35");
	assert_int_equal(s->max_series, 100000);
	assert_true(s->series_ttl == 5400);

	s = &c->lists[1].settings;
	assert_int_equal(s->returns, RETURNS_AUTO);
	assert_null(s->returns_pos.file);
	assert_int_equal(s->nfilters, 1);
	check_expression(&s->filters[0], NULL, "duration > 1ms", "config.yaml:11:11");
	assert_int_equal(s->nlabels + s->nobserved, 0);
	assert_true(s->off_cpu);
	assert_int_equal(s->counters, COUNTER_CONTEXT_SWITCHES);
	assert_string_equal(source_pos__str(&s->measured_pos), "config.yaml:13:13");
	assert_int_equal(s->max_series, 0);
	assert_true(s->series_ttl == 0);
	config__free(c);
}

static void test_every_returns(void **state)
{
	for (int i = 0; i < RETURNS_MAX; i++) {
		char *text = xasprintf("defaults: {returns: %s}", returns_names[i]);
		struct config *c;

		write_file(text);
		c = PARSE("--config.file=config.yaml", "x");
		assert_int_equal(c->lists[0].settings.returns, i);
		config__free(c);
		free(text);
	}
}

static void test_c_types(void **state)
{
	struct config *c;

	write_file("probes:\n"
		   "- {functions: a, returns: \"unsigned long\"}\n"
		   "- {functions: b, returns: ssize_t as size}\n");
	c = PARSE("--config.file=config.yaml");
	assert_int_equal(c->lists[0].settings.returns, RETURNS_AUTO);
	assert_string_equal(c->lists[0].settings.c_type->name, "unsigned long");
	assert_int_equal(c->lists[1].settings.returns, RETURNS_SIZE);
	assert_string_equal(c->lists[1].settings.c_type->name, "ssize_t");
	config__free(c);
}

static void test_error(void **state)
{
	struct config *c;

	write_file("defaults: {error: \"< 0\"}\n"
		   "probes:\n"
		   "- {functions: a}\n"
		   "- {functions: b, error: == null}\n"
		   "- {functions: c, error: none}\n");
	c = PARSE("--config.file=config.yaml");
	assert_string_equal(c->lists[0].settings.error.text, "< 0");
	assert_string_equal(source_pos__str(&c->lists[0].settings.error.pos), "config.yaml:1:19");
	assert_string_equal(c->lists[1].settings.error.text, "== null");
	assert_null(c->lists[2].settings.error.text);
	config__free(c);
}

/* A probe's own key replaces the one in `defaults`, even with an empty value. */
static void test_defaults(void **state)
{
	struct probe_settings *own, *none, *argument;
	struct config *c;

	write_file("probes:\n"
		   "- {functions: a, returns: auto, labels: [tid], filter: [], observe: {},"
		   " max_series: 3, series_ttl: never, max_rate: 0, max_cpu: 2.5%, durations: on}\n"
		   "- {functions: b, labels: [], filter: arg0 == 1, observe: {x: arg1},"
		   " series_ttl: 1s}\n"
		   "defaults: {returns: raw, labels: [pid, comm], filter: comm == rm,"
		   " observe: {y: arg2}, max_series: 7, series_ttl: 2m, max_rate: 50000000000,"
		   " max_cpu: \"1%\", durations: off}\n");
	c = PARSE("--config.file=config.yaml", "p");
	assert_int_equal(c->nlists, 3);
	argument = &c->lists[0].settings;
	own = &c->lists[1].settings;
	none = &c->lists[2].settings;

	assert_int_equal(argument->returns, RETURNS_RAW);
	assert_string_equal(source_pos__str(&argument->returns_pos), "config.yaml:4:21");
	assert_int_equal(argument->nlabels, 2);
	check_expression(&argument->labels[1], "comm", "comm", "config.yaml:4:40");
	check_expression(&argument->filters[0], NULL, "comm == rm", "config.yaml:4:55");
	check_expression(&argument->observed[0], "y", "arg2", "config.yaml:4:80");
	assert_int_equal(argument->max_series, 7);
	assert_true(argument->series_ttl == 120);
	assert_true(argument->max_rate == 50000000000);
	assert_true(argument->max_cpu == 0.01 && own->max_cpu == 0.025);
	assert_true(argument->untimed && !own->untimed && none->untimed);

	assert_int_equal(own->returns, RETURNS_AUTO);
	assert_int_equal(own->nlabels, 1);
	assert_string_equal(own->labels[0].name, "tid");
	assert_int_equal(own->nfilters + own->nobserved, 0);
	assert_int_equal(own->max_series, 3);
	assert_true(own->series_ttl == 0);
	assert_true(own->max_rate == 0);

	assert_int_equal(none->returns, RETURNS_RAW);
	assert_int_equal(none->nlabels, 0);
	assert_int_equal(none->nfilters, 1);
	assert_string_equal(none->filters[0].text, "arg0 == 1");
	assert_int_equal(none->nobserved, 1);
	assert_string_equal(none->observed[0].name, "x");
	assert_int_equal(none->max_series, 7);
	assert_true(none->series_ttl == 1);
	assert_true(none->max_rate == 50000000000);
	config__free(c);
	c = PARSE("p");
	assert_true(c->lists[0].settings.max_rate == 1000000);
	assert_true(c->lists[0].settings.max_cpu == 0);
	assert_false(c->lists[0].settings.untimed);
	config__free(c);
}

/* Two exact claims on one function must agree in all of these. */
static void test_same(void **state)
{
	static const char *const settings[] = {
		"{functions: f}",
		"{functions: f, returns: raw}",
		"{functions: f, returns: int}",
		"{functions: f, returns: long}",
		"{functions: f, error: \"< 0\"}",
		"{functions: f, labels: [pid]}",
		"{functions: f, labels: [pid, comm]}",
		"{functions: f, labels: [comm, pid]}",
		"{functions: f, labels: [{pid: tid}]}",
		"{functions: f, filter: pid == 1}",
		"{functions: f, observe: {a: arg0}}",
		"{functions: f, observe: {b: arg0}}",
		"{functions: f, max_series: 5}",
		"{functions: f, series_ttl: 1h}",
		"{functions: f, maxactive: 5}",
		"{functions: f, mechanism: fexit}",
		"{functions: f, durations: off}",
	};
	struct config *c;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(settings); k++) {
			char *text = xasprintf("probes: [%s, %s]", settings[i], settings[k]);

			write_file(text);
			c = PARSE("--config.file=config.yaml");
			if (probe_settings__same(&c->lists[0].settings, &c->lists[1].settings) !=
			    (i == k))
				fail_msg("%s", text);
			config__free(c);
			free(text);
		}
	}

	write_file("probes: [{functions: f}, {functions: f, max_series: 500, series_ttl: never,"
		   " returns: auto, durations: on, labels: [], filter: [], observe: {}}]");
	c = PARSE("--config.file=config.yaml");
	assert_true(probe_settings__same(&c->lists[0].settings, &c->lists[1].settings));
	config__free(c);
}

static void test_notes(void **state)
{
	const struct probe_notes *own, *other;
	struct config *c;

	write_file(
		"probes:\n"
		"- {functions: a, description: 'reads: all', expected: [EAGAIN, -1, 7, negative],"
		" waits: false}\n"
		"- {functions: b}\n"
		"defaults: {expected: ENOENT, waits: true}\n");
	c = PARSE("--config.file=config.yaml");
	own = &c->lists[0].settings.notes;
	other = &c->lists[1].settings.notes;
	assert_string_equal(own->description, "reads: all");
	assert_string_equal(own->expected, "EAGAIN,-1,7,negative");
	assert_int_equal(own->waits, WAITS_NO);
	assert_null(other->description);
	assert_string_equal(other->expected, "ENOENT");
	assert_int_equal(other->waits, WAITS_YES);
	/* They change nothing that is counted. */
	assert_true(probe_settings__same(&c->lists[0].settings, &c->lists[1].settings));
	config__free(c);
}

/* A reload has to notice other limits and notes. */
static void test_other_limits(void **state)
{
	static const char *const texts[] = {
		"probes: [{functions: f}]",
		"probes: [{functions: f, max_rate: 5}]",
		"probes: [{functions: f, max_cpu: 1%}]",
		"probes: [{functions: f, max_cpu: 2%}]",
		"probes: [{functions: f, description: x}]",
		"probes: [{functions: f, expected: EIO}]",
		"probes: [{functions: f, waits: true}]",
	};
	struct config *c[ARRAY_SIZE(texts) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		write_file(texts[i]);
		c[i] = PARSE("--config.file=config.yaml");
	}
	c[ARRAY_SIZE(texts)] = PARSE("--config.file=config.yaml", "--max-cpu=2%");
	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		for (size_t k = 0; k < ARRAY_SIZE(c); k++)
			assert_int_equal(config__same(c[i], c[k]), i == k);
	for (size_t i = 0; i < ARRAY_SIZE(c); i++)
		config__free(c[i]);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		double seconds; /* 0: refused */
	} cases[] = {
		{ "1s", 1 },
		{ "90s", 90 },
		{ "30m", 1800 },
		{ "1h", 3600 },
		{ "1h30m", 5400 },
		{ "1d2h3m4s", 93784 },
		{ "365d", 365 * 86400. },
		{ "0s1s", 0 },
		{ "0m1s", 1 },
		{ "365d1s", 0 },
		{ "99999999999999999999s", 0 },
		{ "0s", 0 },
		{ "500ms", 0 },
		{ "1.5h", 0 },
		{ "30m1h", 0 },
		{ "1h1h", 0 },
		{ "90", 0 },
		{ "h", 0 },
		{ "-1h", 0 },
		{ "1 h", 0 },
		{ "1h ", 0 },
		{ "1H", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double seconds = 0;
		char *why = NULL;
		int err = value__duration(cases[i].text, &seconds, &why);

		if (seconds != cases[i].seconds || !err != !!cases[i].seconds || !err != !why)
			fail_msg("%s: %d, %g", cases[i].text, err, seconds);
		free(why);
	}
}

static void test_size_buckets(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		double first, last;
	} cases[] = {
		{ "histograms: {}", 16, 1, 1073741824 },
		{ "histograms: {size_buckets: []}", 0, 0, 0 },
		{ "histograms: {size_buckets: [0]}", 1, 0, 0 },
		{ "histograms: {size_buckets: [1, 1e3, 1099511627775]}", 3, 1, 1099511627775. },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config *c;

		write_file(cases[i].text);
		c = PARSE("--config.file=config.yaml", "x");
		assert_int_equal(c->nsize_buckets, cases[i].n);
		assert_int_equal(c->nbuckets, 25);
		if (c->nsize_buckets) {
			assert_true(c->size_buckets[0] == cases[i].first);
			assert_true(c->size_buckets[c->nsize_buckets - 1] == cases[i].last);
		}
		config__free(c);
	}
}

#define NAMED                                                                                   \
	" (comm, pid, tid, uid, cpu, cgroup, container_id, pod_uid, caller or caller[2]); for " \
	"others write {name: "                                                                  \
	"\"expression\"}"
#define RESERVED "cannot be a label's name: the exporter or Prometheus uses it; choose another, as "
#define LETTERS	 "; use letters, digits and _, and no digit at the beginning"
#define LABELS	 ", as in labels: [comm, {flags: \"arg1\"}]"
#define FILTER	 ", as in filter: \"comm == rm\""
#define OBSERVE	 ", as in observe: {bytes: \"count\"}"
#define DURATION                                                                        \
	"is not allowed; write whole numbers of d, h, m and s, from 1s to 365d, as in " \
	"30m or 1h30m; or never"
#define WHOLE "a size bucket must be a whole number, as in 4096, not "
#define SIZES "a size bucket must be from 0 to 1099511627775 bytes, not "

static const struct {
	const char *text, *error; /* error after "config.yaml:1:" */
} bad[] = {
	/* returns */
	{ "defaults: {returns: sizes}",
	  "21: returns: \"sizes\" is not allowed; did you mean size? (auto, errno, pointer, bool, "
	  "unsigned, enum, raw, value, size, void; a C type, as int, ssize_t or \"unsigned long\"; "
	  "or a type and how to read it, as \"long as value\")" },
	{ "defaults: {error: negative}",
	  "19: error: \"negative\" compares nothing; write an operator and a value, as in "
	  "\"< 0\" or \"== null\", or none" },
	{ "defaults: {error: '-1'}",
	  "19: error: \"-1\" compares nothing; write an operator and a value, as in "
	  "\"< 0\" or \"== null\", or none" },
	{ "defaults: {returns: [size]}",
	  "21: returns must be a string, not a list, as in returns: size" },
	{ "defaults: {returns: }",
	  "21: returns must be a string, not nothing, as in returns: size" },

	/* labels */
	{ "defaults: {labels: com}",
	  "20: \"com\" is not a label that needs no expression; did you mean comm?" NAMED },
	{ "defaults: {labels: }", "20: a label must be a string, not nothing" LABELS },
	{ "defaults: {labels: [com]}",
	  "21: \"com\" is not a label that needs no expression; did you mean comm?" NAMED },
	{ "defaults: {labels: [file->f_inode]}",
	  "21: \"file->f_inode\" is not a label that needs no expression" NAMED },
	{ "defaults: {labels: [[pid]]}", "21: a label must be a string, not a list" LABELS },
	{ "defaults: {labels: [5]}",
	  "21: a label must be a string, not the number 5; quote it if it is a name" },
	{ "defaults: {labels: [{}]}", "21: an empty mapping; write {name: \"expression\"}" },
	{ "defaults: {labels: [{a: [b]}]}",
	  "25: a label's value must be a string, not a list" LABELS },
	{ "defaults: {labels: [{a: 5}]}",
	  "25: a label's value must be a string, not the number 5; quote it if it is a name" },
	{ "defaults: {labels: [{a: ''}]}",
	  "25: an empty text; a label's value must be an expression" },
	{ "defaults: {labels: [{a: ' '}]}",
	  "25: an empty text; a label's value must be an expression" },
	{ "defaults: {labels: [{a: \"b\\nc\"}]}",
	  "25: a label's value must be on one line, without control characters" },
	{ "defaults: {labels: [pid, comm, pid]}",
	  "32: label \"pid\" is given twice, first in line 1; keep one" },
	{ "defaults: {labels: [pid, {pid: arg0}]}",
	  "27: label \"pid\" is given twice, first in line 1; keep one" },
	{ "defaults: {labels: [{fs-type: arg0}]}",
	  "22: \"fs-type\" cannot be a label's name" LETTERS },
	{ "defaults: {labels: [{1st: arg0}]}", "22: \"1st\" cannot be a label's name" LETTERS },
	{ "defaults: {labels: [{'': arg0}]}", "22: \"\" cannot be a label's name" LETTERS },
	{ "defaults: {labels: [{__x: arg0}]}",
	  "22: \"__x\" cannot be a label's name: what begins with __ is Prometheus's own; choose "
	  "another" },
	{ "defaults: {labels: [{x: arg0, job: arg0}]}", "31: \"job\" " RESERVED "arg_job" },
	{ "defaults: {labels: [{object: arg0}]}", "22: \"object\" " RESERVED "arg_object" },
	{ "defaults: {labels: [{function: arg0}]}", "22: \"function\" " RESERVED "arg_function" },
	{ "defaults: {labels: [{outcome: arg0}]}", "22: \"outcome\" " RESERVED "arg_outcome" },
	{ "defaults: {labels: [{value: arg0}]}", "22: \"value\" " RESERVED "arg_value" },
	{ "defaults: {labels: [{reason: arg0}]}", "22: \"reason\" " RESERVED "arg_reason" },
	{ "defaults: {labels: [{le: arg0}]}", "22: \"le\" " RESERVED "arg_le" },
	{ "defaults: {labels: [{quantile: arg0}]}", "22: \"quantile\" " RESERVED "arg_quantile" },
	{ "defaults: {labels: [{instance: arg0}]}", "22: \"instance\" " RESERVED "arg_instance" },
	{ "defaults: {labels: [{name: arg0}]}", "22: \"name\" " RESERVED "arg_name" },

	/* filter */
	{ "defaults: {filter: {a: b}}", "20: a filter must be a string, not a mapping" FILTER },
	{ "defaults: {filter: }", "20: a filter must be a string, not nothing" FILTER },
	{ "defaults: {filter: \"\"}", "20: an empty text; a filter must be an expression" },
	{ "defaults: {filter: [a == 1, []]}", "29: a filter must be a string, not a list" FILTER },

	/* observe */
	{ "defaults: {observe: count}",
	  "21: observe must be a mapping (name: expression), not a single value" OBSERVE },
	{ "defaults: {observe: {a: b, c: d, e: f}}",
	  "21: 3 observed values are too many; 2 are allowed" },
	{ "defaults: {sample: {show: {a b: c}}}", "28: \"a b\" cannot name a shown value" LETTERS },
	{ "defaults: {sample: {show: file}}",
	  "27: show must be a mapping (name: expression), not a single value, as in show: {file: "
	  "\"path(file)\"}" },
	{ "defaults: {sample: {show: {a: a, b: a, c: a, d: a, e: a, f: a, g: a, h: a, i: a}}}",
	  "27: 9 shown values are too many; 8 are allowed" },
	{ "defaults: {observe: {a b: c}}", "22: \"a b\" cannot name an observed value" LETTERS },
	{ "defaults: {observe: {a: }}",
	  "25: an observed value must be a string, not nothing" OBSERVE },

	/* numbers */
	{ "defaults: {max_series: 0}",
	  "24: max_series: \"0\" is not allowed; write a whole number from 1 to 100000" },
	{ "defaults: {max_series: 100001}",
	  "24: max_series: \"100001\" is not allowed; write a whole number from 1 to 100000" },
	{ "defaults: {max_series: \"5\"}",
	  "24: max_series must be a number, not a string; write it without quotes" },
	{ "defaults: {max_series: [5]}",
	  "24: max_series must be a number, not a list, as in max_series: 1000" },
	{ "defaults: {series_ttl: 500ms}", "24: series_ttl: \"500ms\" " DURATION },
	{ "defaults: {series_ttl: 60}", "24: series_ttl: \"60\" " DURATION },
	{ "defaults: {series_ttl: {}}",
	  "24: series_ttl must be a duration, not a mapping, as in series_ttl: 1h30m" },

	/* size_buckets */
	{ "histograms: {size_buckets: [4, 4]}", "32: size_buckets must ascend: 4 stands behind 4" },
	{ "histograms: {size_buckets: [0, 0]}", "32: size_buckets must ascend: 0 stands behind 0" },
	{ "histograms: {size_buckets: [1.5]}", "29: " WHOLE "\"1.5\"" },
	{ "histograms: {size_buckets: [4KiB]}", "29: " WHOLE "\"4KiB\"; write 4096" },
	{ "histograms: {size_buckets: [\"4\"]}", "29: " WHOLE "\"4\" in quotes" },
	{ "histograms: {size_buckets: [[4]]}",
	  "29: a size bucket must be a whole number, not a list, as in size_buckets: [64, 4096]" },
	{ "histograms: {size_buckets: [-1]}", "29: " SIZES "-1" },
	{ "histograms: {size_buckets: [1099511627776]}", "29: " SIZES "1099511627776" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *error, *expected = xasprintf("config.yaml:1:%s", bad[i].error);
		struct config *c;

		write_file(bad[i].text);
		c = parse((const char *const[]){ "--config.file=config.yaml", "x", NULL }, &error);
		if (c)
			fail_msg("%s was taken", bad[i].text);
		if (strcmp(error, expected))
			fail_msg("%s:\n  %s\nnot\n  %s", bad[i].text, error, expected);
		free(expected);
		free(error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),	  cmocka_unit_test(test_every_returns),
		cmocka_unit_test(test_c_types),	  cmocka_unit_test(test_error),
		cmocka_unit_test(test_defaults),  cmocka_unit_test(test_same),
		cmocka_unit_test(test_notes),	  cmocka_unit_test(test_other_limits),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_size_buckets),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
