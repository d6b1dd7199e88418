/* SPDX-License-Identifier: GPL-2.0-only */
/* `returns:`, and the types of functions. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "discover_world.h"

static void test_returns(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_read", "syscall:openat", "ext4:ext4_sync_file");
	LIST(&f, "vfs_write", "one_clone");
	ask(&f, 0, RETURNS_SIZE);
	ask(&f, 1, RETURNS_BOOL);
	run(&f);
	check(&f, "vfs_read openat ext4_sync_file vfs_write one_clone.isra.0");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(f.targets->v[i]->kind, RP_KIND_SIZE);
		assert_int_equal(f.targets->v[i]->ret_size, i == 2 ? 4 : 8);
	}
	assert_int_equal(f.targets->v[3]->kind, RP_KIND_BOOL);
	assert_int_equal(f.targets->v[3]->ret_size, 1); /* no type */
	assert_int_equal(f.targets->v[4]->kind, RP_KIND_BOOL);
	assert_int_equal(f.targets->v[4]->ret_size, 4);
	done(&f);
}

#define READ "vmlinux:vfs_read (ssize_t vfs_read(struct file *file, char *buf, size_t count))"
#define LONG                                                                                      \
	", which returns a signed integer of 8 bytes; write one of auto, errno, bool, unsigned, " \
	"raw, value, size, void"

static void test_wrong_returns(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_write");
	LIST(&f, "vfs_read", "do_exit");
	ask(&f, 1, RETURNS_POINTER);
	check_error(&f, "test.yaml:71:7: returns: pointer does not suit " READ LONG);

	f = (struct fixture){ 0 };
	LIST(&f, "syscall:openat*");
	ask(&f, 0, RETURNS_ENUM);
	check_error(&f, "test.yaml:70:7: returns: enum does not suit syscall:openat" LONG
			"; the same applies to all 2 functions that match syscall:openat*");

	/* A target that cannot be probed has no type to check. */
	f = (struct fixture){ 0 };
	LIST(&f, "do_exit", "nosuch");
	ask(&f, 0, RETURNS_ENUM);
	run(&f);
	check(&f, "denied:do_exit not_found:nosuch");
	done(&f);
}

/* A glob leaves out functions that do not fit, each by itself. */
static void test_returns_of_globs(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "vfs_*", "one_clone*");
	LIST(&f, "vfs_read");
	ask(&f, 0, RETURNS_POINTER);
	f.lists[0].npatterns = 1;
	run(&f);
	check(&f, "vfs_read vfs_readv vfs_write");
	assert_int_equal(f.targets->v[0]->kind, RP_KIND_ERRNO);
	assert_int_equal(f.targets->v[1]->kind, RP_KIND_POINTER);
	targets__free(take_ptr(f.targets));

	f.config.nlists = 1;
	run(&f);
	check(&f, "vfs_readv vfs_write refused:vfs_read");
	assert_non_null(strstr(f.targets->v[2]->why, "returns: pointer does not suit " READ));
	targets__free(take_ptr(f.targets));

	f.lists[0].npatterns = 2;
	f.config.nlists = 2;
	check_error(&f, "test.yaml:70:7: returns: pointer does not suit vmlinux:one_clone.isra.0 "
			"(int one_clone.isra.0(void)), which returns a signed integer of 4 bytes; "
			"write one of auto, errno, bool, unsigned, raw, value, size, void");
}

/* A module that is loaded later with a wrong type affects no other target. */
static void test_lenient(void **state)
{
	struct fixture f = { 0 };

	env.lenient = true;
	LIST(&f, "vfs_write");
	LIST(&f, "vfs_read", "syscall:openat*");
	LIST(&f, "vfs_write", "vfs_write");
	LIST(&f, "vfs_write");
	ask(&f, 1, RETURNS_POINTER);
	f.lists[2].settings.maxactive = 7;
	f.lists[3].settings.maxactive = 8;
	run(&f);
	check(&f, "refused:vfs_write refused:vfs_read refused:openat refused:openat2");
	assert_string_equal(f.targets->v[0]->why,
			    "test.yaml:3:1: vmlinux:vfs_write has other settings here than at "
			    "test.yaml:1:1: remove one of the two, make their settings the same, "
			    "or name one, as in probe: slow");
	assert_string_equal(f.targets->v[1]->why, "returns: pointer does not suit " READ LONG);
	done(&f);
	env.lenient = false;
}

static void test_enumerators(void **state)
{
	static struct enumerator values[] = { { -1, NULL }, { 3, NULL } };
	struct target t = { .enumerators = values, .nenumerators = 2 }, none = { 0 };
	char red[] = "RED";

	values[0].name = red;
	assert_string_equal(target__enumerator(&t, -1), "RED");
	assert_null(target__enumerator(&t, 0));
	assert_null(target__enumerator(&none, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_returns),		 cmocka_unit_test(test_wrong_returns),
		cmocka_unit_test(test_returns_of_globs), cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_enumerators),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
