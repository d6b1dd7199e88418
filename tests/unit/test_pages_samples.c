/* SPDX-License-Identifier: GPL-2.0-only */
/* /api/v1/samples, from a report as the attacher sends it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pages_fixture.h"
#include "samples/report.h"

#define PATH "/api/v1/samples"

static struct sample_name one[] = { { "vmlinux", "vfs_read", NULL } },
			  two[] = { { "/lib/a", "seek", "p" }, { "/lib/a", "seek64", "p" } };
static struct sample_label shown = { "file", "a" };
static struct sample_label labels[] = { { "comm", "cat \"" }, { "fstype", "ext4" } };
static struct sample_report reported[] = {
	{ .number = 8,
	  .time = 1700000000.5,
	  .ns = 5250000000,
	  .pid = 10,
	  .tid = 11,
	  .comm = "cat \"\xff",
	  .cgroup = "/a/b",
	  .container_id = "containerd://1",
	  .pod_uid = "uid",
	  .outcome = "error",
	  .value = "ENOENT",
	  .has_ret = true,
	  .is_signed = true,
	  .ret = -2ULL,
	  .names = one,
	  .nnames = 1,
	  .labels = labels,
	  .nlabels = 2,
	  .shown = &shown,
	  .nshown = 1,
	  .stack = "schedule+0x12\next4_sync+0x3 [ext4]",
	  .user_stack = "read+0x3 [/lib/libc.so.6]\n?",
	  .user_stack_error = "gone" },
	{ .number = 7,
	  .time = 1700000000,
	  .ns = RP_SAMPLE_UNKNOWN,
	  .pid = 1,
	  .tid = 1,
	  .comm = "a",
	  .outcome = "ok",
	  .value = "positive",
	  .has_ret = true,
	  .ret = UINT64_MAX,
	  .names = two,
	  .nnames = 2,
	  .stack_error = "Bad address" },
};
static struct samples_report report = { .v = reported, .n = 2 };

static int begin(void **state)
{
	struct image io = { .out = &samples_report };

	set_up(state);
	buf__free(&samples_report);
	samples_report__image(&io, &report);
	assert_int_equal(io.err, 0);
	return 0;
}

static int end(void **state)
{
	buf__free(&samples_report);
	limit = NULL;
	return tear_down(state);
}

#define FIRST                                                                                   \
	"{\"sample\":8,\"time\":1700000000.5,\"object\":\"vmlinux\",\"function\":\"vfs_read\"," \
	"\"probe\":null,"                                                                       \
	"\"duration\":5.25,\"outcome\":\"error\",\"value\":\"ENOENT\",\"ret\":-2,"              \
	"\"labels\":{\"comm\":\"cat "                                                           \
	"\\\"\",\"fstype\":\"ext4\"},\"show\":{\"file\":\"a\"},\"pid\":10,\"tid\":11,"          \
	"\"comm\":\"cat \\\"\xef\xbf\xbd\",\"cgroup\":\"/a/b\","                                \
	"\"container_id\":\"containerd://1\",\"pod_uid\":\"uid\","                              \
	"\"stack\":[\"schedule+0x12\",\"ext4_sync+0x3 "                                         \
	"[ext4]\"],\"stack_error\":null,\"user_stack\":[\"read+0x3 "                            \
	"[/lib/libc.so.6]\",\"?\"],\"user_stack_error\":\"gone\"}"
#define SECOND(name)                                                                           \
	"{\"sample\":7,\"time\":1700000000,\"object\":\"/lib/a\",\"function\":\"" name         \
	"\",\"probe\":\"p\",\"duration\":null,\"outcome\":\"ok\",\"value\":\"positive\","      \
	"\"ret\":18446744073709551615,\"labels\":{},\"show\":{},\"pid\":1,\"tid\":1,\"comm\":" \
	"\"a\","                                                                               \
	"\"cgroup\":null,\"container_id\":null,\"pod_uid\":null,\"stack\":[],"                 \
	"\"stack_error\":\"Bad address\",\"user_stack\":[],\"user_stack_error\":null}"

static void check(const char *const *functions, size_t n, const char *expected)
{
	__cleanup_response struct http_response res = get(PATH, functions, n);

	assert_int_equal(res.code, 200);
	assert_string_equal(res.content_type, "application/json; charset=utf-8");
	assert_string_equal(buf__str(&res.body), expected);
}

static void test_all(void **state)
{
	check(NULL, 0, "{\"samples\":[\n" FIRST ",\n" SECOND("seek") "\n]}\n");
}

/* By any name of the function. */
static void test_function(void **state)
{
	static const char *const functions[] = { "seek64", "no_such_function" };

	check(functions, 2, "{\"samples\":[\n" SECOND("seek64") "\n]}\n");
	check(functions + 1, 1, "{\"samples\":[\n]}\n");
}

/* Of those that are wanted. */
static void test_limit(void **state)
{
	static const char *const functions[] = { "seek" };
	static const char *const wrong[] = { "0", "1001", "x", "-1", "" };

	limit = "1";
	check(NULL, 0, "{\"samples\":[\n" FIRST "\n]}\n");
	check(functions, 1, "{\"samples\":[\n" SECOND("seek") "\n]}\n");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		__cleanup_response struct http_response res = {};

		limit = wrong[i];
		res = get(PATH, NULL, 0);
		assert_int_equal(res.code, 400);
		assert_non_null(strstr(buf__str(&res.body), "limit: "));
	}
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
	{
		__cleanup_response struct http_response res = get(PATH, NULL, 0);

		assert_int_equal(res.code, 503);
	}
}

static void test_malformed(void **state)
{
	for (size_t len = 0; len < samples_report.len; len++) {
		size_t whole = samples_report.len;
		__cleanup_response struct http_response res = {};

		samples_report.len = len;
		res = get(PATH, NULL, 0);
		samples_report.len = whole;
		assert_int_equal(res.code, 500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, begin, end),
		cmocka_unit_test_setup_teardown(test_function, begin, end),
		cmocka_unit_test_setup_teardown(test_limit, begin, end),
		cmocka_unit_test_setup_teardown(test_failures, begin, end),
		cmocka_unit_test_setup_teardown(test_malformed, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
