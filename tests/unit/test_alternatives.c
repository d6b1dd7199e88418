/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters with "||" and "in". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "expr/alternatives.h"
#include "expr_fixture.h"

static struct expr_fixture f;

static int setup(void **state)
{
	expr_fixture__make(&f);
	return 0;
}

static int teardown(void **state)
{
	expr_fixture__free(&f);
	return 0;
}

static void check_alternatives(const char *text, size_t n, const char *last)
{
	struct alternatives all;
	char *why = NULL;

	if (alternatives__compile(&f.scope, text, NULL, &all, &why))
		fail_msg("%s: %s", text, why);
	assert_int_equal(all.n, n);
	if (last)
		assert_string_equal(all.v[n - 1].entry.text, last);
}

static void taken(void **state)
{
	check_alternatives("comm == nginx", 1, "nginx");
	check_alternatives("comm in [nginx, envoy]", 2, "envoy");
	check_alternatives("comm in[nginx,'a, b']", 2, "a, b");
	check_alternatives("comm in [\"a]\", 'b' ]", 2, "b");
	check_alternatives("comm == 'a || b'", 1, "a || b");
	check_alternatives("comm == it's || comm == b", 2, "b");
	check_alternatives("uid == 0 || comm in [py*, sh]", 3, "sh");
	check_alternatives("file->f_grid[1][0] in [1, 2, 0x3]", 3, NULL);
	check_alternatives("errno(flags) == ENOENT", 2, NULL);
	check_alternatives("flags in [SIGKILL, SIGTERM]", 2, NULL);
	check_alternatives("flags & 3 in [1, 2]", 2, NULL);
	check_alternatives("duration > 1ms || outcome == error", 2, NULL);
	check_alternatives("outcome in [error, null]", 2, NULL);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "comm == a ||", "nothing on one side of the ||" },
		{ "|| comm == a", "nothing on one side of the ||" },
		{ "comm == a || b", "\"b\" compares nothing" },
		{ "comm in [a", "\"[a\" is no list" },
		{ "comm in [a] x", "is no list" },
		{ "comm in []", "has an empty place" },
		{ "comm in [a,,b]", "has an empty place" },
		{ "comm in a", "compares nothing" },
		{ "comm not in [a, b]", "write a filter with != for each value" },
		{ "flags in [1, x]", "\"x\" is not a value of flags" },
		{ "comm == a || duration > 1ms", "one is known at entry, the other at return" },
		{ "flags in [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]",
		  "more than 16 alternatives" },
		{ "ip(file->f_inode->i_name) == ::1", "which can be a label only" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct alternatives all;
		char *why = NULL;

		if (!alternatives__compile(&f.scope, rows[i].text, NULL, &all, &why))
			fail_msg("%s is taken", rows[i].text);
		if (!strstr(why, rows[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, why, rows[i].says);
		free(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
