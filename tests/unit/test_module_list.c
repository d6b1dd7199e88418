/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/module_list.h"

#define FIXTURES "tests/unit/fixtures/modules"

static void test_lists(void **state)
{
	static const struct {
		const char *name;
		enum module_kind kind;
	} rows[] = {
		{ "ext4", MODULE_LOADABLE },	 { "xfs", MODULE_LOADABLE },
		{ "fuse", MODULE_BUILTIN },	 { "nf_tables_extra", MODULE_LOADABLE },
		{ "no_module", MODULE_UNKNOWN }, { "bash", MODULE_UNKNOWN },
		{ "", MODULE_UNKNOWN },		 { "crc16", MODULE_UNKNOWN },
	};
	__cleanup_free char *path = NULL;
	struct module_list *m;
	size_t n;

	assert_int_equal(module_list__read(FIXTURES, &m, &path), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(module_list__find(m, rows[i].name), rows[i].kind);
	module_list__names(m, &n);
	assert_int_equal(n, 6);
	module_list__free(m);
	module_list__free(NULL);
}

static void test_unreadable(void **state)
{
	__cleanup_free char *path = NULL;
	struct module_list *m = NULL;

	assert_int_equal(module_list__read(FIXTURES "/none", &m, &path), -ENOENT);
	assert_null(m);
	assert_string_equal(path, FIXTURES "/none/modules.dep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
