/* SPDX-License-Identifier: GPL-2.0-only */
/* The meaning of a raw return register per kind. The same code runs in the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/outcome.h"
#include "base/util.h"

/* A 32-bit result leaves garbage in the upper half. */
#define GARBAGE 0xdeadbeef00000000ULL

static const struct {
	const char *what;
	enum rp_kind kind;
	uint32_t size;
	uint64_t raw;
	enum rp_class cls;
	int64_t detail;
} rows[] = {
	{ "int 0", RP_KIND_ERRNO, 4, GARBAGE, RP_CLASS_ZERO, 0 },
	{ "int 5", RP_KIND_ERRNO, 4, GARBAGE | 5, RP_CLASS_POSITIVE, 0 },
	{ "int -ENOENT", RP_KIND_ERRNO, 4, 0xfffffffe, RP_CLASS_BY_VALUE, 2 },
	{ "int -ENOENT, garbage", RP_KIND_ERRNO, 4, GARBAGE | 0xfffffffe, RP_CLASS_BY_VALUE, 2 },
	{ "int -4095", RP_KIND_ERRNO, 4, 0xfffff001, RP_CLASS_BY_VALUE, 4095 },
	{ "int -4096", RP_KIND_ERRNO, 4, 0xfffff000, RP_CLASS_NEGATIVE, 0 },
	{ "int INT_MIN", RP_KIND_ERRNO, 4, 0x80000000, RP_CLASS_NEGATIVE, 0 },
	{ "s8 -1", RP_KIND_ERRNO, 1, 0xff, RP_CLASS_BY_VALUE, 1 },
	{ "s16 -2", RP_KIND_ERRNO, 2, 0xabcdfffe, RP_CLASS_BY_VALUE, 2 },
	{ "long 0xfffffffe", RP_KIND_ERRNO, 8, 0xfffffffe, RP_CLASS_POSITIVE, 0 },
	{ "long -ESRCH", RP_KIND_ERRNO, 8, (uint64_t)-3, RP_CLASS_BY_VALUE, 3 },
	{ "raw -2", RP_KIND_RAW, 8, (uint64_t)-2, RP_CLASS_NEGATIVE, 0 },
	{ "raw 0", RP_KIND_RAW, 8, 0, RP_CLASS_ZERO, 0 },
	{ "raw 7", RP_KIND_RAW, 8, 7, RP_CLASS_POSITIVE, 0 },
	{ "u32 0", RP_KIND_UNSIGNED, 4, GARBAGE, RP_CLASS_ZERO, 0 },
	{ "u32 -2", RP_KIND_UNSIGNED, 4, 0xfffffffe, RP_CLASS_POSITIVE, 0 },
	{ "u64 -ENOMEM", RP_KIND_UNSIGNED, 8, (uint64_t)-12, RP_CLASS_BY_VALUE, 12 },
	{ "u64 -4096", RP_KIND_UNSIGNED, 8, (uint64_t)-4096, RP_CLASS_POSITIVE, 0 },
	{ "NULL", RP_KIND_POINTER, 8, 0, RP_CLASS_ZERO, 0 },
	{ "ERR_PTR(-EINVAL)", RP_KIND_POINTER, 8, (uint64_t)-22, RP_CLASS_BY_VALUE, 22 },
	{ "a pointer", RP_KIND_POINTER, 8, 0xffff888000000000, RP_CLASS_POSITIVE, 0 },
	{ "true", RP_KIND_BOOL, 1, GARBAGE | 0x1200 | 1, RP_CLASS_POSITIVE, 0 },
	{ "false", RP_KIND_BOOL, 1, GARBAGE | 0x1200, RP_CLASS_ZERO, 0 },
	{ "enum 3", RP_KIND_ENUM, 4, GARBAGE | 3, RP_CLASS_BY_VALUE, 3 },
	{ "enum -1", RP_KIND_ENUM, 4, 0xffffffff, RP_CLASS_BY_VALUE, -1 },
	{ "enum 0", RP_KIND_ENUM, 4, 0, RP_CLASS_BY_VALUE, 0 },
	{ "int as bool: 256", RP_KIND_BOOL, 4, GARBAGE | 0x100, RP_CLASS_POSITIVE, 0 },
	{ "int as bool: 0", RP_KIND_BOOL, 4, GARBAGE, RP_CLASS_ZERO, 0 },
	{ "size 0", RP_KIND_SIZE, 8, 0, RP_CLASS_ZERO, 0 },
	{ "size 4096", RP_KIND_SIZE, 8, 4096, RP_CLASS_POSITIVE, 0 },
	{ "size -EAGAIN", RP_KIND_SIZE, 8, (uint64_t)-11, RP_CLASS_BY_VALUE, 11 },
	{ "int size -EAGAIN", RP_KIND_SIZE, 4, GARBAGE | 0xfffffff5, RP_CLASS_BY_VALUE, 11 },
	{ "size -4096", RP_KIND_SIZE, 8, (uint64_t)-4096, RP_CLASS_NEGATIVE, 0 },
	{ "int value 0", RP_KIND_VALUE, 4, GARBAGE, RP_CLASS_BY_VALUE, 0 },
	{ "int value -1", RP_KIND_VALUE, 4, 0xffffffff, RP_CLASS_BY_VALUE, -1 },
	{ "s8 value -128", RP_KIND_VALUE, 1, GARBAGE | 0x80, RP_CLASS_BY_VALUE, -128 },
	{ "long value", RP_KIND_VALUE, 8, 0xffffffff, RP_CLASS_BY_VALUE, 0xffffffff },
	{ "u32 value", RP_KIND_UVALUE, 4, GARBAGE | 0xffffffff, RP_CLASS_BY_VALUE, 0xffffffff },
	{ "u8 value", RP_KIND_UVALUE, 1, 0x1ff, RP_CLASS_BY_VALUE, 0xff },
	{ "u64 value", RP_KIND_UVALUE, 8, UINT64_MAX, RP_CLASS_BY_VALUE, -1 },
	{ "bool value", RP_KIND_UVALUE, 1, GARBAGE | 1, RP_CLASS_BY_VALUE, 1 },
	{ "void", RP_KIND_VOID, 8, (uint64_t)-2, RP_CLASS_ZERO, 0 },
};

static void test_outcomes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rp_outcome o =
			rp_outcome(RP_DESC(0, rows[i].kind, rows[i].size), rows[i].raw);

		if (o.cls != rows[i].cls || o.value != rows[i].detail)
			fail_msg("%s: class %d, detail %lld", rows[i].what, o.cls,
				 (long long)o.value);
	}
}

/* The result of a call that ended in another function is unknown, except for void. */
static void test_tails(void **state)
{
	for (int kind = RP_KIND_ERRNO; kind < RP_KIND_MAX; kind++) {
		struct rp_outcome o = rp_outcome_of_tail(RP_DESC(0, kind, 8));

		assert_int_equal(o.cls, kind == RP_KIND_VOID ? RP_CLASS_ZERO : RP_CLASS_TAIL);
	}
}

/* The outcome that filters compare. */
static void test_outcome_bits(void **state)
{
	struct rp_capture_spec x = { .outcome = { [RP_CLASS_ZERO] = RP_OUTCOME_NULL,
						  [RP_CLASS_POSITIVE] = RP_OUTCOME_OK,
						  [RP_CLASS_NEGATIVE] = RP_OUTCOME_ERROR,
						  [RP_CLASS_BY_VALUE] = RP_OUTCOME_OK } };
	static const struct {
		enum rp_kind kind;
		int64_t raw;
		uint32_t bit, with_test; /* with `error: == 7` */
	} cases[] = {
		{ RP_KIND_ERRNO, 0, RP_OUTCOME_NULL, RP_OUTCOME_NULL },
		{ RP_KIND_ERRNO, 7, RP_OUTCOME_OK, RP_OUTCOME_ERROR },
		{ RP_KIND_ERRNO, -2, RP_OUTCOME_ERROR, RP_OUTCOME_ERROR },
		{ RP_KIND_ERRNO, -511, RP_OUTCOME_ERROR, RP_OUTCOME_ERROR },
		{ RP_KIND_ERRNO, -512, RP_OUTCOME_RESTARTED, RP_OUTCOME_RESTARTED },
		{ RP_KIND_ERRNO, -513, RP_OUTCOME_RESTARTED, RP_OUTCOME_RESTARTED },
		{ RP_KIND_SIZE, -514, RP_OUTCOME_RESTARTED, RP_OUTCOME_RESTARTED },
		{ RP_KIND_ERRNO, -515, RP_OUTCOME_ERROR, RP_OUTCOME_ERROR },
		{ RP_KIND_POINTER, -516, RP_OUTCOME_RESTARTED, RP_OUTCOME_RESTARTED },
		{ RP_KIND_RAW, -516, RP_OUTCOME_ERROR, RP_OUTCOME_ERROR },
		{ RP_KIND_VALUE, 516, RP_OUTCOME_OK, RP_OUTCOME_OK },
		{ RP_KIND_VALUE, 7, RP_OUTCOME_OK, RP_OUTCOME_ERROR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t spec = RP_DESC(0, cases[i].kind, 8);
		struct rp_outcome o = rp_outcome(spec, cases[i].raw);

		x.error = (struct rp_test){};
		assert_int_equal(rp_outcome_bit(&x, spec, o, cases[i].raw), cases[i].bit);
		x.error = (struct rp_test){
			.compare = RP_EQ, .literal = 7, .is_signed = 1, .set = 1
		};
		assert_int_equal(rp_outcome_bit(&x, spec, o, cases[i].raw), cases[i].with_test);
	}
}

/* Results are compared in their type, whatever the upper bits are. */
static void test_comparisons(void **state)
{
	struct rp_test below = { .compare = RP_LT, .literal = 0, .is_signed = 1, .set = 1 };
	struct rp_test above = { .compare = RP_GT, .literal = 9, .set = 1 };

	assert_true(rp_test(&below, RP_DESC(0, RP_KIND_RAW, 4), GARBAGE | 0xffffffff));
	assert_false(rp_test(&below, RP_DESC(0, RP_KIND_RAW, 4), GARBAGE | 1));
	assert_false(rp_test(&below, RP_DESC(0, RP_KIND_RAW, 8), 0xffffffff));
	assert_false(rp_test(&above, RP_DESC(0, RP_KIND_UNSIGNED, 1), 0x1209));
	assert_true(rp_test(&above, RP_DESC(0, RP_KIND_UNSIGNED, 4), 0xffffffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_outcomes),
					    cmocka_unit_test(test_tails),
					    cmocka_unit_test(test_outcome_bits),
					    cmocka_unit_test(test_comparisons) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
