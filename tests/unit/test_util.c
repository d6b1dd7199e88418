/* SPDX-License-Identifier: GPL-2.0-only */
/* util, log and suggest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/errno_names.h"
#include "base/log.h"
#include "base/suggest.h"
#include "base/util.h"

#include <errno.h>

static void test_array_grow(void **state)
{
	struct item {
		uint64_t a, b;
	} *v = NULL;
	size_t n = 0;

	for (uint64_t i = 0; i < 1000; i++) {
		struct item *item = array__grow(&v, &n, sizeof(*v));

		assert_int_equal(n, i + 1);
		assert_ptr_equal(item, &v[i]);
		assert_int_equal(item->a, 0);
		assert_int_equal(item->b, 0);
		*item = (struct item){ i, ~i };
	}
	for (uint64_t i = 0; i < n; i++) {
		assert_int_equal(v[i].a, i);
		assert_int_equal(v[i].b, ~i);
	}
	free(v);
}

static void test_array_grow_zeroes_again(void **state)
{
	size_t n = 0;
	int *v = NULL;

	*(int *)array__grow(&v, &n, sizeof(*v)) = 1;
	*(int *)array__grow(&v, &n, sizeof(*v)) = 2;
	*(int *)array__grow(&v, &n, sizeof(*v)) = 3;
	n = 2; /* a removed element leaves its bytes behind */
	assert_int_equal(*(int *)array__grow(&v, &n, sizeof(*v)), 0);
	assert_int_equal(v[0] + v[1], 3);
	free(v);
}

static void test_strings(void **state)
{
	char *s = xstrndup("abcdef", 3), *taken;

	assert_string_equal(s, "abc");
	taken = take_ptr(s);
	assert_null(s);
	free(taken);
	s = xstrndup("ab", 5);
	assert_string_equal(s, "ab");
	free(s);
	s = xasprintf("%s-%d", "x", 7);
	assert_string_equal(s, "x-7");
	free(s);
	free(xcalloc(0, 0));
}

static void test_errno_name(void **state)
{
	static const struct {
		int64_t err;
		const char *name;
	} cases[] = {
		{ 1, "EPERM" },
		{ 2, "ENOENT" },
		{ 11, "EAGAIN" },
		{ 35, "EDEADLK" },
		{ 41, "E41" },
		{ 58, "E58" },
		{ 95, "EOPNOTSUPP" },
		{ 110, "ETIMEDOUT" },
		{ 133, "EHWPOISON" },
		{ 134, "E134" },
		{ 511, "E511" },
		{ 512, "ERESTARTSYS" },
		{ 516, "ERESTART_RESTARTBLOCK" },
		{ 517, "EPROBE_DEFER" },
		{ 519, "ENOPARAM" },
		{ 520, "E520" },
		{ 521, "EBADHANDLE" },
		{ 524, "ENOTSUPP" },
		{ 531, "ENOGRACE" },
		{ 532, "E532" },
		{ 4095, "E4095" },
		{ 0, "E0" },
	};
	char buf[16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(errno_name(cases[i].err, buf, sizeof(buf)), cases[i].name);
}

/* Every errno with a name in the C library has the same name here. */
static void test_errno_names_complete(void **state)
{
	char buf[16];

	for (int err = 1; err < 512; err++) {
		const char *theirs = strerrorname_np(err),
			   *ours = errno_name(err, buf, sizeof(buf));

		if (!theirs)
			assert_true(ours == buf);
		else if (err != EOPNOTSUPP) /* glibc says ENOTSUP, which the kernel does not have */
			assert_string_equal(ours, theirs);
	}
}

/* ---- suggest -------------------------------------------------------------------------------- */

static const char *const names[] = {
	"vfs_read",	  "vfs_readv",	    "vfs_write",   "vfs_rename", NULL,
	"tcp_v4_connect", "tcp_v6_connect", "tcp_sendmsg", "do_exit",	 "vfs_read",
};

static void test_nearest(void **state)
{
	static const struct {
		const char *name, *first, *second;
	} cases[] = {
		{ "vfs_raed", "vfs_read", "vfs_readv" }, /* two letters swapped */
		{ "vfs_readv", "vfs_readv", "vfs_read" },
		{ "VFS-WRITE", "vfs_write", NULL },
		{ "tcp_connect", "tcp_v4_connect", "tcp_v6_connect" },
		{ "tcp_v5_connect", "tcp_v4_connect", "tcp_v6_connect" },
		{ "sendmsg", "tcp_sendmsg", NULL }, /* a part of the name */
		{ "wholly_unlike", NULL, NULL },
		{ "", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *out[SUGGEST_MAX] = {};
		size_t n = suggest__nearest(cases[i].name, names, ARRAY_SIZE(names), out, 2);
		size_t expected = cases[i].second ? 2 : cases[i].first ? 1 : 0;

		if (n != expected)
			fail_msg("%s: %zu, first %s", cases[i].name, n, n ? out[0] : "-");
		if (n > 0)
			assert_string_equal(out[0], cases[i].first);
		if (n > 1)
			assert_string_equal(out[1], cases[i].second);
	}
}

static void test_nearest_bounds(void **state)
{
	const char *out[SUGGEST_MAX] = {};
	const char *many[20];
	char text[20][8], giant[1000];

	for (int i = 0; i < 20; i++) {
		snprintf(text[i], sizeof(text[i]), "abcde%c", 'z' - i);
		many[i] = text[i];
	}
	assert_int_equal(suggest__nearest("abcde", many, 20, out, 100), SUGGEST_MAX);
	for (int i = 1; i < SUGGEST_MAX; i++)
		assert_true(strcmp(out[i - 1], out[i]) < 0);
	assert_int_equal(suggest__nearest("abcde", many, 20, out, 0), 0);

	memset(giant, 'a', sizeof(giant) - 1);
	giant[sizeof(giant) - 1] = '\0';
	many[0] = giant;
	assert_int_equal(suggest__nearest("aaaa", many, 1, out, 1), 0);
	assert_int_equal(suggest__nearest(giant, many, 1, out, 1), 0);
}

static void test_hint(void **state)
{
	static const struct {
		const char *name, *hint;
	} cases[] = {
		{ "vfs_wrte", "; did you mean vfs_write?" },
		{ "vfs_reed", "; did you mean vfs_read or vfs_readv?" },
		{ "nothing", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *hint = suggest__hint(cases[i].name, names, ARRAY_SIZE(names));

		assert_string_equal(hint, cases[i].hint);
		free(hint);
	}
}

/* ---- log ------------------------------------------------------------------------------------ */

static int saved_stderr;
static FILE *captured;

static void capture(void)
{
	saved_stderr = dup(STDERR_FILENO);
	captured = tmpfile();
	dup2(fileno(captured), STDERR_FILENO);
}

static size_t release(char *text, size_t size)
{
	size_t n;

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	rewind(captured);
	n = fread(text, 1, size - 1, captured);
	text[n] = '\0';
	fclose(captured);
	return n;
}

/* Replaces the time stamp by T, so that lines can be compared. */
static void hide_time(char *text)
{
	char *from = text, *to = text;

	while (*from) {
		if (from[0] == '2' && strspn(from, "0123456789-T:.Z") == 24) {
			from += 24;
			*to++ = 'T';
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static void test_log(void **state)
{
	char text[4096];

	capture();
	log__setup(LOG_WARN, LOG_LOGFMT);
	log_info("not %s", "seen");
	log_warn("a \"b\"\n%d", 7);
	log__setup(LOG_DEBUG, LOG_JSON);
	log_debug("back\\slash");
	log_error("\xff");
	release(text, sizeof(text));
	log__setup(LOG_INFO, LOG_LOGFMT);

	hide_time(text);
	assert_string_equal(text, "ts=T level=warn msg=\"a \\\"b\\\"\\n7\"\n"
				  "{\"ts\":\"T\",\"level\":\"debug\",\"msg\":\"back\\\\slash\"}\n"
				  "{\"ts\":\"T\",\"level\":\"error\",\"msg\":\"\xef\xbf\xbd\"}\n");
}

static void test_now(void **state)
{
	double before = now_seconds();

	assert_true(before > 1.6e9);
	assert_true(now_seconds() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array_grow),
		cmocka_unit_test(test_array_grow_zeroes_again),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_errno_name),
		cmocka_unit_test(test_errno_names_complete),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_nearest_bounds),
		cmocka_unit_test(test_hint),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
