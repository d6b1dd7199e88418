/* SPDX-License-Identifier: GPL-2.0-only */
/* Several probes of a function, each with another name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "discover_world.h"

static void name(struct fixture *f, size_t list, char *text)
{
	f->lists[list].settings.name = text;
}

/* Each is a target of its own. A later one of a kernel function is marked. */
static void separate(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_*");
	LIST(&f, "vfs_read");
	LIST(&f, "vfs_read");
	name(&f, 1, "slow");
	name(&f, 2, "failed");
	f.lists[2].settings.maxactive = 7;
	run(&f);
	check(&f, "vfs_read vfs_readv vfs_write vfs_read vfs_read");
	assert_null(f.targets->v[0]->probe);
	assert_string_equal(f.targets->v[3]->probe, "slow");
	assert_string_equal(f.targets->v[4]->probe, "failed");
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(f.targets->v[i]->again, i >= 3);
	assert_int_equal(target__compare_functions(f.targets->v[0], f.targets->v[3]), 0);
	assert_int_not_equal(target__compare_places(f.targets->v[0], f.targets->v[3]), 0);
	assert_true(target__compare_places(f.targets->v[3], f.targets->v[4]) > 0);
	done(&f);
}

/* With the same name, or none, settings must be the same. */
static void disputed(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_read");
	LIST(&f, "vfs_read");
	name(&f, 0, "slow");
	name(&f, 1, "slow");
	f.lists[1].settings.maxactive = 7;
	check_error(&f, "test.yaml:2:1: vmlinux:vfs_read has other settings here than at "
			"test.yaml:1:1: remove one of the two, make their settings the same, or "
			"name one, as in probe: slow");
}

static void system_calls(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "syscall:openat");
	LIST(&f, "syscall:openat");
	name(&f, 0, "first");
	name(&f, 1, "second");
	run(&f);
	check(&f, "openat refused:openat");
	assert_string_equal(f.targets->v[1]->why,
			    "a system call can have one probe, and syscall:openat has one already, "
			    "called first: name its function in one of the two, as in functions: "
			    "__x64_sys_openat");
	done(&f);
}

static void programs(void **state)
{
	__cleanup_free char *alpha = xasprintf("%s/prog:alpha", dir);
	struct fixture f = { 0 };

	LIST(&f, alpha);
	LIST(&f, alpha);
	name(&f, 1, "slow");
	run(&f);
	check(&f, "alpha alpha");
	assert_false(f.targets->v[1]->again);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(separate),
		cmocka_unit_test(disputed),
		cmocka_unit_test(system_calls),
		cmocka_unit_test(programs),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
