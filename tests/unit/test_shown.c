/* SPDX-License-Identifier: GPL-2.0-only */
/* What samples show of calls of int f(struct outer *p, int n). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "capture_fixture.h"
#include "expr/shown.h"

/* The spec of a probe whose samples show these; NULL and *why. */
static struct capture_spec *spec_of(struct expression *show, size_t n, bool untimed, char **why)
{
	static const struct result_test no_error;
	struct probe_settings s = {
		.untimed = untimed,
		.sample = { .given = true, .on = true, .per_second = 1, .show = show, .nshow = n }
	};
	const struct source_pos *pos;
	struct capture_spec *x;

	*why = NULL;
	return capture_spec__new(&s, &scope, &no_error, &x, &pos, why) ? NULL : x;
}

/* Equal fields share a place; the words are those of shown__key(). */
static void test_places(void **state)
{
	struct expression show[] = { { .name = "a", .text = "n" },
				     { .name = "b", .text = "p->name" },
				     { .name = "c", .text = "hex(n)" },
				     { .name = "d", .text = "comm" },
				     { .name = "e", .text = "ret" } };
	struct rp_shown shown = {
		.known = 1, .failed = 1U << RP_NUMBERS, .number = { 5 }, .text = { "", "cat" }
	};
	char *why;
	struct capture_spec *x = spec_of(show, ARRAY_SIZE(show), false, &why);
	struct rp_label_key key = shown__key(&shown);

	assert_non_null(x);
	assert_int_equal(x->nshown, 5);
	assert_int_equal(x->kernel.sampling.show.nnumbers, 1);
	assert_int_equal(x->kernel.sampling.show.ntexts, 2);
	assert_true(x->kernel.sampling.show.used);
	assert_int_equal(x->kernel.reads_args, 3);
	assert_int_equal(x->nlabels, 0);
	assert_int_equal(x->shown[0].word, x->shown[2].word);
	assert_int_equal(key.word[x->shown[0].word], 5);
	assert_string_equal((char *)&key.word[x->shown[3].word], "cat");
	assert_true(key.failed & 1U << (RP_NUMBERS + x->shown[1].index));
	assert_int_equal(x->shown[4].place, LABEL_RESULT);
	capture_spec__free(x);
}

/* A member of that name is none of the result. */
static void test_member(void **state)
{
	static const char *const texts[] = { "p->ret", "p -> ret", "hex(p->ret)" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct expression show = { .name = "a", .text = (char *)texts[i] };
		char *why;
		struct capture_spec *x = spec_of(&show, 1, false, &why);

		if (!x)
			fail_msg("%s: %s", texts[i], why);
		assert_int_equal(x->shown[0].place, LABEL_NUMBER);
		capture_spec__free(x);
	}
}

/* Of the result, in its type. Nothing is kept for it. */
static void test_result(void **state)
{
	static const struct {
		enum rp_kind kind;
		uint8_t size;
		const char *text;
		uint64_t ret, number;
	} rows[] = {
		{ RP_KIND_ERRNO, 4, "ret", 0xfffffffe, -2ULL },
		{ RP_KIND_ERRNO, 8, "ret", -2ULL, -2ULL },
		{ RP_KIND_UNSIGNED, 4, "ret", 0x1fffffffe, 0xfffffffe },
		{ RP_KIND_UNSIGNED, 8, "ret & 6", 0xff, 6 },
		{ RP_KIND_UNSIGNED, 4, "ret >> 4", 0xff, 15 },
		{ RP_KIND_UNSIGNED, 8, "hex(ret)", ~0ULL, ~0ULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expression show = { .name = "a", .text = (char *)rows[i].text };
		struct capture_spec *x;
		char *why;

		scope.result = (struct result){ .kind = rows[i].kind, .size = rows[i].size };
		x = spec_of(&show, 1, true, &why);
		if (!x)
			fail_msg("%s: %s", rows[i].text, why);
		assert_false(x->kernel.sampling.show.used);
		assert_int_equal(shown__of_result(&x->shown[0], rows[i].ret), rows[i].number);
		capture_spec__free(x);
	}
	scope.result = (struct result){ .kind = RP_KIND_ERRNO, .size = 4 };
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *why;
		bool untimed;
	} rows[] = {
		{ "m", "no parameter \"m\"", false },
		{ "ret->x", "has no members", false },
		{ "str(ret)", "str(", false },
		{ "n", "\"n\" is known when the function is entered", true },
	};
	struct expression many[] = { { .name = "a", .text = "n" },
				     { .name = "b", .text = "p" },
				     { .name = "c", .text = "pid" },
				     { .name = "d", .text = "tid" },
				     { .name = "e", .text = "cpu" } };
	char *why;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expression show = { .name = "a", .text = (char *)rows[i].text };

		assert_null(spec_of(&show, 1, rows[i].untimed, &why));
		if (!strstr(why, rows[i].why))
			fail_msg("%s: %s", rows[i].text, why);
		free(why);
	}
	assert_null(spec_of(many, ARRAY_SIZE(many), false, &why));
	assert_string_equal(why, "show needs more than 4 different numbers of parameters; remove "
				 "some");
	free(why);
	scope.result = (struct result){ .kind = RP_KIND_VOID };
	assert_null(spec_of(&(struct expression){ .name = "a", .text = "ret" }, 1, false, &why));
	assert_string_equal(why, "\"ret\": there is no result here");
	free(why);
	scope.result = (struct result){ .kind = RP_KIND_ERRNO, .size = 8 };
	assert_null(
		spec_of(&(struct expression){ .name = "a", .text = "str(ret)" }, 1, false, &why));
	assert_non_null(strstr(why, "reads memory behind the result"));
	free(why);
	scope.result = (struct result){ .kind = RP_KIND_ERRNO, .size = 4 };
}

/* What else a call keeps. */
static void test_room(void **state)
{
	static const struct result_test no_error;
	struct expression show = { .name = "a", .text = "n" };
	struct expression observed[] = { { .name = "a", .text = "n" },
					 { .name = "b", .text = "n" } };
	struct probe_settings s = {
		.off_cpu = true,
		.observed = observed,
		.nobserved = 1,
		.sample = { .given = true, .on = true, .per_second = 1, .show = &show, .nshow = 1 }
	};
	const struct source_pos *pos;
	struct capture_spec *x;
	char *why = NULL;

	assert_int_equal(capture_spec__new(&s, &scope, &no_error, &x, &pos, &why), -EINVAL);
	assert_non_null(strstr(why, "have room for 2 values together"));
	assert_ptr_equal(pos, &show.pos);
	free(why);
	s.nobserved = 0;
	assert_int_equal(capture_spec__new(&s, &scope, &no_error, &x, &pos, &why), 0);
	capture_spec__free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_member, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_result, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mistakes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_room, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
