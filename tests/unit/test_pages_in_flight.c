/* SPDX-License-Identifier: GPL-2.0-only */
/* /api/v1/inflight, from a report as the attacher sends it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pages_fixture.h"
#include "scan/report.h"

#define PATH "/api/v1/inflight"

static struct report_name one[] = { { "vmlinux", "vfs_read", NULL } },
			  two[] = { { "/lib/a", "seek", "p" }, { "/lib/a", "seek64", "p" } };
static struct report_call reported[] = {
	{ .names = one,
	  .nnames = 1,
	  .age = 5250000000,
	  .pid = 10,
	  .tid = 11,
	  .comm = "cat \"\xff",
	  .cgroup = "/a/b",
	  .container_id = "containerd://1",
	  .pod_uid = "uid",
	  .stack = "schedule+0x12\next4_sync+0x3 [ext4]" },
	{ .names = two, .nnames = 2, .at_least = true, .pid = 1, .tid = 1, .comm = "a" },
};
static struct report_unknown unknown[] = { { { "vmlinux", "filtered", NULL },
					     "it has a \"filter\"" } };
static struct report report = {
	.scanned = 1700000000.5,
	.calls = reported,
	.ncalls = 2,
	.unknown = unknown,
	.nunknown = 1,
};

static void write_report(void)
{
	struct image io = { .out = &calls_report };

	buf__free(&calls_report);
	report__image(&io, &report);
	assert_int_equal(io.err, 0);
}

static int begin(void **state)
{
	set_up(state);
	report.truncated = false;
	write_report();
	return 0;
}

static int end(void **state)
{
	buf__free(&calls_report);
	return tear_down(state);
}

#define FIRST                                                                                 \
	"{\"object\":\"vmlinux\",\"function\":\"vfs_read\",\"probe\":null,\"age\":5.25,\"at_" \
	"least\":false,"                                                                      \
	"\"pid\":10,\"tid\":11,\"comm\":\"cat \\\"\xef\xbf\xbd\",\"cgroup\":\"/a/b\","        \
	"\"container_id\":\"containerd://1\",\"pod_uid\":\"uid\","                            \
	"\"stack\":[\"schedule+0x12\",\"ext4_sync+0x3 [ext4]\"]}"
#define SECOND(name)                                                                \
	"{\"object\":\"/lib/a\",\"function\":\"" name                               \
	"\",\"probe\":\"p\",\"age\":0,\"at_least\":true,"                           \
	"\"pid\":1,\"tid\":1,\"comm\":\"a\",\"cgroup\":null,\"container_id\":null," \
	"\"pod_uid\":null,\"stack\":[]}"
#define UNKNOWN                                                                                \
	"{\"object\":\"vmlinux\",\"function\":\"filtered\",\"probe\":null,\"why\":\"it has a " \
	"\\\"filter\\\"\"}"

static void test_all(void **state)
{
	__cleanup_response struct http_response res = get(PATH, NULL, 0);

	assert_int_equal(res.code, 200);
	assert_string_equal(res.content_type, "application/json; charset=utf-8");
	assert_string_equal(buf__str(&res.body),
			    "{\"scanned\":1700000000.5,\"truncated\":false,\"calls\":[\n" FIRST
			    ",\n" SECOND("seek") "\n],\"unknown\":[\n" UNKNOWN "\n]}\n");
}

/* By any name of the function. */
static void test_function(void **state)
{
	static const char *const functions[] = { "seek64", "no_such_function" };
	__cleanup_response struct http_response res = get(PATH, functions, 2);

	report.truncated = true;
	write_report();
	assert_string_equal(buf__str(&res.body),
			    "{\"scanned\":1700000000.5,\"truncated\":false,\"calls\":[\n" SECOND(
				    "seek64") "\n],\"unknown\":[\n]}\n");
	free_response(&res);
	res = get(PATH, functions + 1, 1);
	assert_string_equal(buf__str(&res.body), "{\"scanned\":1700000000.5,\"truncated\":true,"
						 "\"calls\":[\n],\"unknown\":[\n]}\n");
}

static void test_never(void **state)
{
	struct image io = { .out = &calls_report };
	struct report none = {};
	__cleanup_response struct http_response res = {};

	buf__free(&calls_report);
	report__image(&io, &none);
	res = get(PATH, NULL, 0);
	assert_string_equal(buf__str(&res.body), "{\"scanned\":null,\"truncated\":false,"
						 "\"calls\":[\n],\"unknown\":[\n]}\n");
}

static void test_failures(void **state)
{
	static const struct {
		int err, code;
	} rows[] = { { -ETIMEDOUT, 503 }, { -EPIPE, 500 }, { -ENOMEM, 500 } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__cleanup_response struct http_response res = {};

		fails = rows[i].err;
		res = get(PATH, NULL, 0);
		assert_int_equal(res.code, rows[i].code);
	}
	fails = 0;
	is_ready = false;
	__cleanup_response struct http_response res = get(PATH, NULL, 0);

	assert_int_equal(res.code, 503);
}

/* A part of a report is none. */
static void test_malformed(void **state)
{
	for (size_t len = 0; len < calls_report.len; len++) {
		size_t whole = calls_report.len;
		__cleanup_response struct http_response res = {};

		calls_report.len = len;
		res = get(PATH, NULL, 0);
		calls_report.len = whole;
		assert_int_equal(res.code, 500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, begin, end),
		cmocka_unit_test_setup_teardown(test_function, begin, end),
		cmocka_unit_test_setup_teardown(test_never, begin, end),
		cmocka_unit_test_setup_teardown(test_failures, begin, end),
		cmocka_unit_test_setup_teardown(test_malformed, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
