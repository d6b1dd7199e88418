/* SPDX-License-Identifier: GPL-2.0-only */
/* `spans:` */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

#define BEGIN "  begin: {tracepoint: block:issue, key: [dev, sector]}\n"
#define END   "  end: {tracepoint: block:complete, key: [dev, sector]}\n"

static void test_keys(void **state)
{
	const struct probe_settings *s;
	const struct span_point *p;
	struct config *c;

	write_file("defaults: {labels: [comm], filter: pid == 1, returns: size, max_series: 7}\n"
		   "spans:\n"
		   "- name: io\n"
		   "  begin: {tracepoint: block:issue, key: [dev, sector], filter: bytes > 0}\n" END
		   "  cancel: {tracepoint: \"tracepoint:block:requeue\", key: [a, b]}\n"
		   "  labels: [{op: rwbs}]\n"
		   "  outcome: error\n"
		   "  max_running: 50\n"
		   "  labels_at: end\n"
		   "- name: _2\n"
		   "  end: [{function: f, key: x}, {return: /lib/x.so:g, key: ret}]\n"
		   "  begin:\n"
		   "  - {tracepoint: a:b, key: x}\n"
		   "  - {tracepoint: a:c, key: y}\n"
		   "- name: usdt\n"
		   "  begin: {usdt: /a:1/b:n, key: tid}\n"
		   "  end: {usdt: \"/b:p:n\", key: tid}\n"
		   "- name: raw\n"
		   "  begin: {raw_tracepoint: a, key: tid}\n"
		   "  end: {raw_tracepoint: raw_tracepoint:b, key: tid}\n");
	c = PARSE("--config.file=config.yaml");
	assert_int_equal(c->nlists, 4);
	assert_int_equal(c->lists[0].patterns[0].type, OBJECT_SPAN);
	assert_string_equal(c->lists[0].patterns[0].functions[0], "io");
	s = &c->lists[0].settings;
	p = s->span->points;
	assert_string_equal(p[SPAN_BEGIN].event, "block:issue");
	assert_int_equal(p[SPAN_BEGIN].nkey, 2);
	assert_string_equal(p[SPAN_BEGIN].key[1].text, "sector");
	assert_string_equal(source_pos__str(&p[SPAN_BEGIN].key[1].pos), "config.yaml:4:47");
	assert_int_equal(p[SPAN_BEGIN].nfilters, 1);
	assert_int_equal(s->span->npoints, 3);
	assert_int_equal(p[2].role, SPAN_CANCEL);
	assert_string_equal(p[2].event, "block:requeue");
	assert_string_equal(s->span->outcome.text, "error");
	assert_int_equal(s->span->max_running, 50);
	assert_int_equal(s->span->labels_at, SPAN_END);
	assert_int_equal(s->nlabels, 1);
	/* Defaults for functions are not for spans. */
	assert_int_equal(s->nfilters, 0);
	assert_int_equal(s->returns, RETURNS_AUTO);
	assert_int_equal(s->max_series, 7);
	s = &c->lists[1].settings;
	assert_int_equal(s->nlabels, 0);
	assert_int_equal(s->span->npoints, 4);
	assert_string_equal(s->span->points[0].event, "a:b");
	assert_string_equal(s->span->points[1].event, "a:c");
	assert_int_equal(s->span->points[1].role, SPAN_BEGIN);
	assert_int_equal(s->span->points[2].kind, POINT_ENTRY);
	assert_string_equal(s->span->points[2].function, "f");
	assert_null(s->span->points[2].object);
	assert_int_equal(s->span->points[3].role, SPAN_END);
	assert_int_equal(s->span->points[3].kind, POINT_RETURN);
	assert_string_equal(s->span->points[3].object, "/lib/x.so");
	assert_string_equal(s->span->points[3].function, "g");
	assert_null(s->span->outcome.text);
	assert_int_equal(s->span->labels_at, SPAN_BEGIN);
	assert_int_equal(s->span->max_running, MAX_RUNNING_DEFAULT);
	p = c->lists[2].settings.span->points;
	assert_int_equal(p[0].kind, POINT_USDT);
	assert_string_equal(p[0].object, "/a:1/b");
	assert_string_equal(p[0].function, "n");
	assert_string_equal(p[1].object, "/b");
	assert_string_equal(p[1].function, "p:n");
	p = c->lists[3].settings.span->points;
	assert_int_equal(p[0].kind, POINT_RAW_TRACEPOINT);
	assert_string_equal(p[0].event, "a");
	assert_string_equal(p[1].event, "b");
	config__free(c);
}

static struct config *config_of(const char *text)
{
	write_file(text);
	return PARSE("--config.file=config.yaml");
}

static void test_slots(void **state)
{
	static const struct {
		uint32_t max_running, slots;
	} cases[] = { { 1, 1 },	       { 999, 1 },	{ 1000, 128 },	 { 1024, 256 },
		      { 10000, 2048 }, { 16384, 4096 }, { 16383, 2048 }, { 1000000, 4096 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct span_settings s = { .max_running = cases[i].max_running };

		assert_int_equal(1U << span_settings__slot_bits(&s), cases[i].slots);
	}
}

/* A reload keeps a span that is the same. */
static void test_same(void **state)
{
	static const char first[] = "spans:\n- name: io\n" BEGIN END;
	static const char *const others[] = {
		"spans:\n- name: oi\n" BEGIN END,
		"spans:\n- name: io\n" BEGIN END "  max_running: 5\n",
		"spans:\n- name: io\n" BEGIN END "  outcome: error\n",
		"spans:\n- name: io\n" BEGIN END "  labels: comm\n",
		"spans:\n- name: io\n" BEGIN END "  labels_at: end\n",
		"spans:\n- name: io\n" BEGIN END "  cancel: {tracepoint: a:b, key: [x, y]}\n",
		"spans:\n- name: io\n" BEGIN
		"  end: {tracepoint: block:complete, key: [dev, sectors]}\n",
		"spans:\n- name: io\n" BEGIN
		"  end: {tracepoint: block:complete, key: [dev, sector], filter: x == 1}\n",
		"spans:\n- name: io\n" BEGIN
		"  end: {tracepoint: block:completed, key: [dev, sector]}\n",
	};
	struct config *a = config_of(first), *b = config_of(first);

	assert_true(config__same(a, b));
	config__free(b);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		b = config_of(others[i]);
		if (config__same(a, b))
			fail_msg("the same: %s", others[i]);
		config__free(b);
	}
	config__free(a);
}

static const struct {
	const char *text, *error;
} bad[] = {
	{ "spans:\n- name: io\n" BEGIN, "2:3: a span without end; it needs name, begin and end" },
	{ "spans:\n- name: io\n" END, "2:3: a span without begin; it needs name, begin and end" },
	{ "spans:\n- max_running: 5\n" BEGIN END,
	  "2:3: a span without a name; it needs name, begin and end" },
	{ "spans:\n- name: 2io\n" BEGIN END,
	  "2:9: \"2io\" cannot be a span's name; use letters, digits and _, and no digit at the "
	  "beginning" },
	{ "spans:\n- name: io\n  begin: {tracepoint: issue, key: dev}\n" END,
	  "3:23: \"issue\": a tracepoint is SUBSYSTEM:EVENT, as in "
	  "tracepoint:block:block_rq_issue" },
	{ "spans:\n- name: io\n  begin: {tracepoint: \"block:*\", key: dev}\n" END,
	  "3:23: \"block:*\": a point of a span is one tracepoint; write SUBSYSTEM:EVENT" },
	{ "spans:\n- name: io\n  begin: {tracepoint: block:issue}\n" END,
	  "3:10: begin: key is missing; a point has a tracepoint, raw_tracepoint, function, return "
	  "or usdt, and "
	  "a key that tells the spans apart" },
	{ "spans:\n- name: io\n  begin: {tracepoint: a:b, function: f, key: dev}\n" END,
	  "3:38: \"f\": two points in one; each is an element of a list of its own" },
	{ "spans:\n- name: io\n  begin: {function: \"f*\", key: dev}\n" END,
	  "3:21: \"f*\": a point of a span is one function: of the kernel by its name alone, or "
	  "PATH:FUNCTION" },
	{ "spans:\n- name: io\n  begin: {return: \"syscall:read\", key: dev}\n" END,
	  "3:19: \"syscall:read\": a point of a span is one function: of the kernel by its name "
	  "alone, or PATH:FUNCTION" },
	{ "spans:\n- name: io\n  begin: {return: vfs_read, key: ret}\n" END,
	  "3:19: \"vfs_read\": only functions of programs have returns here; begin or end the "
	  "span at the entry of a function of the kernel, or measure the function itself" },
	{ "spans:\n- name: io\n  begin: {usdt: \"postgres:query__start\", key: tid}\n" END,
	  "3:17: \"postgres:query__start\": a USDT probe is PATH:NAME or PATH:PROVIDER:NAME, as "
	  "in /usr/lib/postgresql/15/bin/postgres:query__start" },
	{ "spans:\n- name: io\n  begin: {usdt: \"/a:b:c:d\", key: tid}\n" END,
	  "3:17: \"/a:b:c:d\": a USDT probe is PATH:NAME or PATH:PROVIDER:NAME, as in "
	  "/usr/lib/postgresql/15/bin/postgres:query__start" },
	{ "spans:\n- name: io\n  begin: {key: dev}\n" END,
	  "3:10: begin: tracepoint is missing; a point has a tracepoint, raw_tracepoint, function, "
	  "return or usdt, "
	  "and a key that tells the spans apart" },
	{ "spans:\n- name: io\n  begin: {tracepoint: a:b, key: [a, b, c, d, e]}\n" END,
	  "3:10: begin: a key of 5 parts; 4 are allowed" },
	{ "spans:\n- name: io\n" BEGIN "  end: [{tracepoint: a:b, key: [a, b]},\n"
	  "    {tracepoint: a:b, key: [a, b]}, {tracepoint: a:b, key: [a, b]},\n"
	  "    {tracepoint: a:b, key: [a, b]}, {tracepoint: a:b, key: [a, b]},\n"
	  "    {tracepoint: a:b, key: [a, b]}, {tracepoint: a:b, key: [a, b]},\n"
	  "    {tracepoint: a:b, key: [a, b]}]\n",
	  "2:3: a span of 9 points; 8 are allowed" },
	{ "spans:\n- name: io\n" BEGIN END "  labels_at: both\n",
	  "5:14: labels_at: \"both\" is not allowed (begin or end)" },
	{ "spans:\n- name: io\n  begin: {tracepoint: a:b, key: a}\n" END,
	  "4:8: the key of end has 2 parts, and that of begin 1; the same values in the same "
	  "order tell which span it is" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		__cleanup_free char *error = NULL;
		__cleanup_free char *want = xasprintf("config.yaml:%s", bad[i].error);
		struct config *c;

		write_file(bad[i].text);
		c = parse((const char *const[]){ "--config.file=config.yaml", NULL }, &error);
		if (c)
			fail_msg("%s was taken", bad[i].text);
		if (strcmp(error, want))
			fail_msg("%s:\n  %s\nnot\n  %s", bad[i].text, error, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
