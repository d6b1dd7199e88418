/* SPDX-License-Identifier: GPL-2.0-only */
/* `error:` and filters on the result: which outcomes they cover, and error messages. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "types/result.h"

#define ZERO	 (1U << RP_CLASS_ZERO)
#define POSITIVE (1U << RP_CLASS_POSITIVE)
#define NEGATIVE (1U << RP_CLASS_NEGATIVE)

static struct enumerator colors[] = { { -1, "NONE" }, { 0, "RED" }, { 5, "GREEN" } };

static const struct result raw = { .kind = RP_KIND_RAW, .size = 4, .user = true },
			   raw8 = { .kind = RP_KIND_RAW, .size = 8, .user = true },
			   code = { .kind = RP_KIND_ERRNO, .size = 4 },
			   code1 = { .kind = RP_KIND_ERRNO, .size = 1 },
			   size = { .kind = RP_KIND_UNSIGNED, .size = 8, .user = true },
			   word = { .kind = RP_KIND_UNSIGNED, .size = 4, .user = true },
			   kernel_word = { .kind = RP_KIND_UNSIGNED, .size = 8 },
			   pointer = { .kind = RP_KIND_POINTER, .size = 8, .user = true },
			   boolean = { .kind = RP_KIND_BOOL, .size = 1 },
			   value = { .kind = RP_KIND_VALUE, .size = 4, .user = true },
			   uvalue = { .kind = RP_KIND_UVALUE, .size = 8, .user = true },
			   nothing = { .kind = RP_KIND_VOID, .size = 8 },
			   color = { .kind = RP_KIND_ENUM,
				     .size = 4,
				     .enumerators = colors,
				     .nenumerators = ARRAY_SIZE(colors) };

static const struct {
	const struct result *result;
	const char *text;
	uint32_t classes;
	bool split;
	enum rp_compare compare;
	int64_t literal;
} good[] = {
	{ &raw, "< 0", NEGATIVE, false, RP_LT, 0 },
	{ &raw, "<0", NEGATIVE, false, RP_LT, 0 },
	{ &raw, " <= 0 ", NEGATIVE | ZERO, false, RP_LE, 0 },
	{ &raw, "== 0", ZERO, false, RP_EQ, 0 },
	{ &raw, "!= 0", NEGATIVE | POSITIVE, false, RP_NE, 0 },
	{ &raw, "> 0", POSITIVE, false, RP_GT, 0 },
	{ &raw, ">= 0", POSITIVE | ZERO, false, RP_GE, 0 },
	{ &raw, "< 1", NEGATIVE | ZERO, false, RP_LT, 1 },
	{ &raw, "== -1", 0, true, RP_EQ, -1 },
	{ &raw, "!= 1", NEGATIVE | ZERO, true, RP_NE, 1 },
	{ &raw, "> 100", 0, true, RP_GT, 100 },
	{ &raw, "< 100", NEGATIVE | ZERO, true, RP_LT, 100 },
	{ &raw, "== 0x10", 0, true, RP_EQ, 16 },
	{ &raw, "& 4", 0, true, RP_AND, 4 },
	{ &raw8, "== -1", 0, true, RP_EQ, -1 },
	{ &raw8, "< 5000000000", NEGATIVE | ZERO, true, RP_LT, 5000000000 },
	/* Errnos are errors already. */
	{ &code, "< 0", NEGATIVE, false, RP_LT, 0 },
	{ &code, "== -1", 0, false, RP_EQ, -1 },
	{ &code, "== -ENOENT", 0, false, RP_EQ, -2 },
	{ &code, "< -4096", 0, true, RP_LT, -4096 },
	{ &code, "< -4095", NEGATIVE, false, RP_LT, -4095 },
	{ &code, "== 0", ZERO, false, RP_EQ, 0 },
	{ &code, "> 0", POSITIVE, false, RP_GT, 0 },
	{ &code1, "< 0", 0, false, RP_LT, 0 },
	/* Conversions as in C. */
	{ &size, "== -1", 0, true, RP_EQ, -1 },
	{ &size, "== 18446744073709551615", 0, true, RP_EQ, -1 },
	{ &word, "== -1", 0, true, RP_EQ, 0xffffffff },
	{ &word, "== 0", ZERO, false, RP_EQ, 0 },
	{ &size, "> 18446744073709547520", 0, true, RP_GT, -4096 },
	{ &kernel_word, "> 18446744073709547520", 0, false, RP_GT, -4096 },
	{ &pointer, "== null", ZERO, false, RP_EQ, 0 },
	{ &pointer, "== NULL", ZERO, false, RP_EQ, 0 },
	{ &pointer, "!= null", POSITIVE, false, RP_NE, 0 },
	{ &pointer, "== 0", ZERO, false, RP_EQ, 0 },
	{ &pointer, "== -1", 0, true, RP_EQ, -1 },
	{ &boolean, "== false", ZERO, false, RP_EQ, 0 },
	{ &boolean, "== true", POSITIVE, false, RP_NE, 0 },
	{ &boolean, "!= true", ZERO, false, RP_EQ, 0 },
	{ &boolean, "!= 0", POSITIVE, false, RP_NE, 0 },
	{ &boolean, "< 1", ZERO, false, RP_EQ, 0 },
	{ &value, "== 5", 0, false, RP_EQ, 5 },
	{ &value, "< 0", 0, false, RP_LT, 0 },
	{ &uvalue, "== -1", 0, false, RP_EQ, -1 },
	{ &color, "== GREEN", 0, false, RP_EQ, 5 },
	{ &color, "!= RED", 0, false, RP_NE, 0 },
	{ &color, "< 0", 0, false, RP_LT, 0 },
};

static void test_good(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct result_test t;
		char *why = NULL;

		if (result__compile_error(good[i].result, good[i].text, &t, &why))
			fail_msg("%s: %s", good[i].text, why);
		if (!t.test.set || t.classes != good[i].classes || t.split != good[i].split ||
		    t.test.compare != good[i].compare ||
		    t.test.literal != (uint64_t)good[i].literal)
			fail_msg("%s (row %zu): classes %x, split %d, compare %d, literal %lld",
				 good[i].text, i, t.classes, t.split, t.test.compare,
				 (long long)t.test.literal);
	}
}

static const struct {
	const struct result *result;
	const char *text, *why;
} bad[] = {
	{ &raw, "", "compares nothing" },
	{ &raw, "negative", "compares nothing" },
	{ &raw, "= 0", "compares nothing" },
	{ &raw, "<", "is not a value of the result" },
	{ &raw, "< zero", "which is a signed integer of 4 bytes; write a number" },
	{ &raw, "< 1 2", "is not a value" },
	{ &raw, "== null",
	  "only a pointer is null, and the result is a signed integer of 4 bytes; "
	  "write \"== 0\"" },
	{ &raw, "== -ENOENT", "is not a value" },
	{ &raw, "== 2147483648", "no result is == 2147483648" },
	{ &raw, "!= 2147483648", "every result is != 2147483648" },
	{ &raw, "< 2147483648", "every result is < 2147483648" },
	{ &raw, "< 99999999999999999999", "is not a value" },
	{ &code, "== ENOENT", "or an error as in -ENOENT" },
	{ &size, "< 0", "no result is < 0: it is an unsigned integer of 8 bytes" },
	{ &size, ">= 0", "every result is >= 0" },
	{ &size, "& 0", "no result is & 0" },
	{ &boolean, "== 2", "no result is == 2: it is a bool" },
	{ &boolean, "== maybe", "write a number, true or false" },
	{ &color, "== GREN", "did you mean GREEN?" },
	{ &pointer, "== nil", "write a number or null" },
	{ &nothing, "< 0", "returns nothing" },
	{ &nothing, "== null", "returns nothing" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct result_test t;
		char *why = NULL;

		if (!result__compile_error(bad[i].result, bad[i].text, &t, &why))
			fail_msg("%s is taken", bad[i].text);
		if (!strstr(why, bad[i].why))
			fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, why, bad[i].why);
		free(why);
	}
}

/* Results that are exported as numbers are judged at export. */
static void test_satisfies(void **state)
{
	struct result_test t;
	char *why;

	assert_int_equal(result__compile_error(&value, "<= 0", &t, &why), 0);
	assert_true(result__satisfies(&t, 0) && result__satisfies(&t, -5));
	assert_false(result__satisfies(&t, 1));
	assert_int_equal(result__compile_error(&uvalue, "> 9", &t, &why), 0);
	assert_true(result__satisfies(&t, 10) && result__satisfies(&t, -1));
	assert_false(result__satisfies(&t, 9));
	t = (struct result_test){};
	assert_false(result__satisfies(&t, 0));
}

static void test_null(void **state)
{
	assert_true(result__asks_for_null("== null"));
	assert_true(result__asks_for_null(" !=NULL "));
	assert_false(result__asks_for_null("null"));
	assert_false(result__asks_for_null("== 0"));
	assert_false(result__asks_for_null("== nullable"));
}

/* Only pointers and words of the kernel contain errnos. */
static void test_kernel_kinds(void **state)
{
	assert_int_equal(result__kernel_kind(&pointer), RP_KIND_BOOL);
	assert_int_equal(result__kernel_kind(&size), RP_KIND_BOOL);
	assert_int_equal(result__kernel_kind(&word), RP_KIND_UNSIGNED);
	assert_int_equal(result__kernel_kind(&kernel_word), RP_KIND_UNSIGNED);
	assert_int_equal(result__kernel_kind(&raw), RP_KIND_RAW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	     cmocka_unit_test(test_bad),
		cmocka_unit_test(test_satisfies),    cmocka_unit_test(test_null),
		cmocka_unit_test(test_kernel_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
