/* SPDX-License-Identifier: GPL-2.0-only */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

static void test_grows(void **state)
{
	__cleanup_buf struct buf b = { 0 };

	assert_string_equal(buf__str(&b), "");
	for (int i = 0; i < 10000; i++)
		buf__putc(&b, 'a' + i % 26);
	assert_int_equal(b.len, 10000);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	assert_false(b.failed);
	assert_int_equal(strlen(buf__str(&b)), 10000);

	buf__free(&b);
	assert_int_equal(b.len, 0);
	buf__puts(&b, "again");
	assert_string_equal(buf__str(&b), "again");
}

static void test_printf(void **state)
{
	__cleanup_buf struct buf b = { 0 };
	char big[5000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	buf__printf(&b, "%d-%s", 42, "ok");
	buf__printf(&b, "%s", big);
	buf__printf(&b, "|");
	assert_int_equal(b.len, 5 + 4999 + 1);
	assert_memory_equal(b.data, "42-okxxx", 8);
	assert_int_equal(b.data[b.len - 1], '|');
}

/* After a failure nothing more is appended. buf__free() frees what was there. */
static void test_failure_sticks(void **state)
{
	__cleanup_buf struct buf b = { 0 };

	buf__puts(&b, "before");
	assert_null(buf__reserve(&b, SIZE_MAX - 3));
	assert_true(b.failed);
	buf__puts(&b, "after");
	buf__putc(&b, 'c');
	buf__u64(&b, 1);
	buf__double(&b, 1.5);
	buf__printf(&b, "%d", 1);
	buf__json_string(&b, "x");
	assert_int_equal(b.len, 6);
	assert_null(buf__str(&b));
	buf__free(&b);
	assert_false(b.failed);
}

static void test_u64(void **state)
{
	static const uint64_t values[] = {
		0,	   1,	9,    10,	  11,	      99,	  100,
		101,	   999, 1000, 1234567890, UINT32_MAX, 1ULL << 53, UINT64_MAX - 1,
		UINT64_MAX
	};
	char want[32];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		__cleanup_buf struct buf b = { 0 };

		buf__u64(&b, values[i]);
		snprintf(want, sizeof(want), "%llu", (unsigned long long)values[i]);
		assert_string_equal(buf__str(&b), want);
	}
}

static void test_double(void **state)
{
	static const struct {
		double v;
		const char *want;
	} cases[] = {
		{ 0, "0" },
		{ -0.0, "-0" },
		{ 1, "1" },
		{ -1, "-1" },
		{ 0.1, "0.1" },
		{ 2.5, "2.5" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 1e-4, "0.0001" },
		{ 1e-5, "1e-05" },
		{ 2.5e-7, "2.5e-07" },
		{ 123456789.25, "123456789.25" },
		{ 1700000000.123456, "1700000000.123456" },
		{ 9007199254740991, "9007199254740991" },
		{ 1e22, "1e+22" },
		{ DBL_MAX, "1.7976931348623157e+308" },
		{ DBL_TRUE_MIN, "5e-324" },
		{ INFINITY, "+Inf" },
		{ -INFINITY, "-Inf" },
		{ NAN, "NaN" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_buf struct buf b = { 0 };

		buf__double(&b, cases[i].v);
		assert_string_equal(buf__str(&b), cases[i].want);
	}
}

/* Any double reads back as itself, and no shorter text does. */
static void test_double_round_trip(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15ULL;

	for (int i = 0; i < 20000; i++) {
		__cleanup_buf struct buf b = { 0 };
		int digits = 0;
		double v, back;
		char shorter[40];

		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		memcpy(&v, &seed, sizeof(v));
		if (!isfinite(v))
			continue;
		buf__double(&b, v);
		back = strtod(buf__str(&b), NULL);
		assert_memory_equal(&back, &v, sizeof(v));
		for (const char *p = b.data; *p && *p != 'e'; p++)
			digits += *p >= '0' && *p <= '9';
		if (digits > 1 && fabs(v) >= 1e17) {
			snprintf(shorter, sizeof(shorter), "%.*e", digits - 2, v);
			assert_true(strtod(shorter, NULL) != v);
		}
	}
}

/* Durations have a printer of their own, with the same output. */
static void test_double_nanoseconds(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15ULL;
	char want[40];

	for (int i = 0; i < 20000; i++) {
		__cleanup_buf struct buf b = { 0 };
		double v;

		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		v = (double)(1 + (seed >> (10 + i % 50))) / 1e9;
		/* Also one that is no duration: it takes 16 or 17 digits. */
		if (i % 3 == 0)
			v = nextafter(v, 1e9);
		for (int digits = 15; digits <= 17; digits++) {
			snprintf(want, sizeof(want), "%.*g", digits, v);
			if (strtod(want, NULL) == v)
				break;
		}
		if (v == floor(v))
			snprintf(want, sizeof(want), "%.0f", v);
		buf__double(&b, v);
		assert_string_equal(buf__str(&b), want);
	}
}

static void test_utf8(void **state)
{
	static const struct {
		const char *s;
		size_t want;
	} cases[] = {
		{ "a", 1 },
		{ "\x7f", 1 },
		{ "\xc3\xa9", 2 },
		{ "\xe2\x82\xac", 3 },
		{ "\xf0\x9f\x90\x9d", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "\x80", 0 },
		{ "\xff", 0 },
		{ "\xc3", 0 },
		{ "\xc3(", 0 },
		{ "\xc0\x80", 0 },
		{ "\xc1\xbf", 0 }, /* overlong */
		{ "\xe0\x9f\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 },
		{ "\xed\xa0\x80", 0 }, /* a surrogate */
		{ "\xed\x9f\xbf", 3 },
		{ "\xee\x80\x80", 3 },
		{ "\xf4\x90\x80\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 }, /* beyond U+10FFFF */
		{ "\xe2\x82", 0 },
		{ "\xf0\x9f\x90(", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(utf8__sequence(cases[i].s, strlen(cases[i].s)), cases[i].want);
	assert_int_equal(utf8__sequence("", 0), 0);
	assert_int_equal(utf8__sequence("\xe2\x82\xac", 2), 0);
}

static void test_json(void **state)
{
	static const struct {
		const char *s, *want;
	} cases[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "q\"b\\s/", "\"q\\\"b\\\\s/\"" },
		{ "\b\t\n\f\r\x01\x1f\x7f", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\"" },
		{ "\xe2\x82\xac", "\"\xe2\x82\xac\"" },
		/* C1 controls and direction marks are escaped; their neighbours are text. */
		{ "\xc2\x9b"
		  "31m",
		  "\"\\u009b31m\"" },
		{ "a\xe2\x80\xae"
		  "b\xe2\x80\xa8\xe2\x81\xa7",
		  "\"a\\u202eb\\u2028\\u2067\"" },
		{ "\xc2\xa0\xe2\x80\xaf\xf0\x9f\x90\xa7",
		  "\"\xc2\xa0\xe2\x80\xaf\xf0\x9f\x90\xa7\"" },
		{ "a\xffz", "\"a\xef\xbf\xbdz\"" },
		{ "a\xe2\x82", "\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_buf struct buf b = { 0 };

		buf__json_string(&b, cases[i].s);
		assert_string_equal(buf__str(&b), cases[i].want);
	}
}

/* In messages: quotes and backslashes are harmless on a terminal. */
static void test_escaped(void **state)
{
	__cleanup_free char *text = escaped("unknown key \"labls\" in C:\\x\x1b[31m\n\xc2\x9b");

	assert_string_equal(text, "unknown key \"labls\" in C:\\x\\u001b[31m\\n\\u009b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_failure_sticks),
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_double),
		cmocka_unit_test(test_double_round_trip),
		cmocka_unit_test(test_double_nanoseconds),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
