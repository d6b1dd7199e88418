/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines of `top`, and the settings of PROBE arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/abi.h"
#include "config_fixture.h"

/* Labels and filters of the command line are those of its PROBEs only. */
static void test_labels(void **state)
{
	struct config *c =
		PARSE("vfs_read", "--label=comm", "--label", "path=str(a == b)",
		      "--filter=outcome == error", "--observe=bytes=count", "--preset=vfs");
	const struct probe_settings *s = &c->lists[0].settings;

	assert_true(c->nlists > 1);
	assert_int_equal(s->nlabels, 2);
	assert_string_equal(s->labels[0].name, "comm");
	assert_string_equal(s->labels[0].text, "comm");
	assert_string_equal(s->labels[1].name, "path");
	assert_string_equal(s->labels[1].text, "str(a == b)");
	assert_string_equal(source_pos__str(&s->labels[1].pos), "argument 3");
	assert_int_equal(s->nfilters, 1);
	assert_string_equal(s->filters[0].text, "outcome == error");
	assert_int_equal(s->nobserved, 1);
	assert_string_equal(s->observed[0].name, "bytes");
	assert_string_equal(s->observed[0].text, "count");
	assert_int_equal(c->lists[1].settings.nlabels, 0);
	config__free(c);
}

static void test_sample(void **state)
{
	struct config *c = PARSE("vfs_read", "--sample=duration > 1ms", "--preset=vfs", "--sample",
				 "--sample=ret > 0");
	const struct sampling *s = &c->lists[0].settings.sample;

	assert_true(s->on);
	assert_int_equal(s->nwhen, 2);
	assert_string_equal(s->when[0].text, "duration > 1ms");
	assert_string_equal(source_pos__str(&s->when[1].pos), "argument 5");
	assert_int_equal(s->stacks, RP_STACK_KERNEL | RP_STACK_USER);
	assert_int_equal(s->per_second, 10);
	assert_false(c->lists[1].settings.sample.on);
	config__free(c);
	/* Not the next argument. */
	c = PARSE("--sample", "vfs_read");
	assert_true(c->lists[0].settings.sample.on);
	assert_int_equal(c->lists[0].settings.sample.nwhen, 0);
	config__free(c);
}

static void test_top(void **state)
{
	struct config *c = PARSE("--log.format=json", "top", "top");

	assert_int_equal(c->action, ACTION_TOP);
	assert_string_equal(c->lists[0].patterns[0].functions[0], "top");
	assert_false(c->top.once);
	assert_true(c->top.duration == 0 && c->top.interval == 1);
	assert_int_equal(c->top.sort, TOP_TIME);
	assert_int_equal(c->log_level, LOG_WARN);
	config__free(c);
	c = PARSE("top", "--once", "--format=json", "--sort=in-flight", "--log.level=debug");
	assert_true(c->is_default_set);
	assert_true(c->top.once && c->top.duration == 10);
	assert_int_equal(c->top.format, TOP_JSON);
	assert_int_equal(c->top.sort, TOP_IN_FLIGHT);
	assert_int_equal(c->log_level, LOG_DEBUG);
	config__free(c);
	c = PARSE("vfs_read", "top");
	assert_int_equal(c->action, ACTION_RUN);
	config__free(c);
	c = PARSE("--", "top");
	assert_int_equal(c->action, ACTION_RUN);
	config__free(c);
}

/* Programs in PATH and libraries of the dynamic linker, but modules first, and only in top. */
static void test_short_paths(void **state)
{
	struct config *c = PARSE("top", "sh:main", "!libc.so.6:malloc", "libc:*", "vmlinux:f",
				 "no_such_file:f", "sh:usdt:f", "!libc:usdt:libc:g");
	const struct pattern *p = c->lists[0].patterns;

	assert_int_equal(p[0].type, OBJECT_USER);
	assert_non_null(strstr(p[0].object, "bin/sh"));
	assert_int_equal(p[1].type, OBJECT_USER);
	assert_true(p[1].exclude);
	assert_non_null(strstr(p[1].object, "/libc.so.6"));
	assert_string_equal(p[2].object, p[1].object);
	assert_int_equal(p[3].type, OBJECT_KERNEL);
	assert_int_equal(p[4].type, OBJECT_KERNEL);
	for (int i = 5; i < 7; i++)
		assert_int_equal(p[i].type, OBJECT_USDT);
	assert_string_equal(p[5].object, p[0].object);
	assert_true(p[6].exclude);
	assert_string_equal(p[6].object, p[1].object);
	assert_string_equal(p[6].functions[0], "libc:g");
	config__free(c);
	c = PARSE("sh:main");
	assert_int_equal(c->lists[0].patterns[0].type, OBJECT_KERNEL);
	config__free(c);
}

static const struct {
	const char *args[4];
	const char *error;
} bad_lines[] = {
	{ { "top", "--config.check" },
	  "argument 2: --config.check and top are two different tasks; keep one" },
	{ { "top", "--probe.list=x" },
	  "argument 2: --probe.list and top are two different tasks; keep one" },
	{ { "vfs_read", "--once" },
	  "argument 2: --once is a flag of top; write retprobe_exporter top --once" },
	{ { "top", "--web.listen-address=:1" },
	  "argument 2: --web.listen-address has no effect in top, which serves nothing; leave it "
	  "out" },
	{ { "top", "--config.file=config.yaml", "--config.watch" },
	  "argument 3: --config.watch has no effect in top, which serves nothing; leave it out" },
	{ { "top", "--format=json" }, "argument 2: --format=json needs --once" },
	{ { "top", "--sort=p90" },
	  "argument 2: --sort: \"p90\" is not allowed; did you mean p50 or p99? (calls, errors, "
	  "missed, p50, p99, in-flight, time or function)" },
	{ { "top", "--duration=0s" },
	  "argument 2: --duration: \"0s\" is not allowed; write whole numbers of d, h, m and s, "
	  "from "
	  "1s to 365d, as in 30m or 1h30m" },
	{ { "--label=comm" },
	  "argument 1: --label applies to PROBE arguments, and there is none; name a function" },
	{ { "--filter=pid == 1", "--preset=vfs" },
	  "argument 1: --filter applies to PROBE arguments, and there is none; name a function" },
	{ { "x", "--label=com" },
	  "argument 2: --label: \"com\" is not a label that needs no expression; did you mean "
	  "comm? "
	  "(comm, pid, tid, uid, cpu, cgroup, container_id, pod_uid, caller or caller[2]); for "
	  "others write "
	  "NAME=EXPRESSION" },
	{ { "x", "--label=le=arg0" },
	  "argument 2: --label: \"le\" cannot be a label's name: the exporter or Prometheus uses "
	  "it; "
	  "choose another, as arg_le" },
	{ { "x", "--label=a=" },
	  "argument 2: --label: an empty text; a label's value must be an expression" },
	{ { "x", "--label=a=arg0", "--label=a=arg1" },
	  "argument 3: --label: label \"a\" is given twice, first in argument 2; keep one" },
	{ { "x", "--observe=arg0" },
	  "argument 2: --observe: \"arg0\" has no name; write NAME=EXPRESSION" },
	{ { "x", "--observe=1a=arg0" },
	  "argument 2: --observe: \"1a\" cannot name an observed value; use letters, digits and _, "
	  "and "
	  "no digit at the beginning" },
	{ { "x", "--observe=a=arg0", "--observe=a=arg1" },
	  "argument 3: --observe: \"a\" is given twice; keep one" },
	{ { "--sample" },
	  "argument 1: --sample applies to PROBE arguments, and there is none; name a function" },
	{ { "x", "--sample= " },
	  "argument 2: --sample: an empty text; when must be an expression" },
	{ { "x", "--filter= " },
	  "argument 2: --filter: an empty text; a filter must be an expression" },
};

static void test_bad_lines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		char *error;
		struct config *c = parse(bad_lines[i].args, &error);

		if (c)
			fail_msg("%s was taken", bad_lines[i].args[0]);
		if (strcmp(error, bad_lines[i].error))
			fail_msg("%s:\n  %s\nnot\n  %s", bad_lines[i].args[0], error,
				 bad_lines[i].error);
		free(error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),	  cmocka_unit_test(test_sample),
		cmocka_unit_test(test_top),	  cmocka_unit_test(test_short_paths),
		cmocka_unit_test(test_bad_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
