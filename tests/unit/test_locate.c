/* SPDX-License-Identifier: GPL-2.0-only */
/* The dynamic linker's cache, and names that lead to files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "files/ld_cache.h"
#include "ld_cache_fixture.h"
#include "files/locate.h"
#include "temp_dir.h"

static const struct ld_cache_row rows[] = {
	{ "libfoo.so.1", "/lib32/libfoo.so.1", 0x0003 },
	{ "libfoo.so.1", "/lib/libfoo.so.1", LD_CACHE_OURS },
	{ "libbar.so.2", "relative/libbar.so.2", LD_CACHE_OURS },
	{ "libbar.so.2", "/lib/libbar.so.2", LD_CACHE_OURS },
};

static bool note(void *ctx, const char *name, const char *path)
{
	struct buf *b = ctx;

	buf__printf(b, "%s=%s ", name, path);
	return true;
}

static void test_cache(void **state)
{
	for (int old = 0; old < 2; old++) {
		__cleanup_buf struct buf cache = {}, said = {};

		ld_cache_fixture__make(&cache, rows, ARRAY_SIZE(rows), old);
		assert_int_equal(ld_cache__list(cache.data, cache.len, note, &said), 0);
		assert_string_equal(buf__str(&said),
				    "libfoo.so.1=/lib/libfoo.so.1 libbar.so.2=/lib/libbar.so.2 ");
	}
	assert_int_equal(ld_cache__list("garbage", 7, note, NULL), -EINVAL);
	assert_int_equal(ld_cache__list("", 0, note, NULL), -EINVAL);
}

/*
 * Truncated anywhere, or with any byte changed, it is never read beyond its end (by
 * AddressSanitizer).
 */
static void test_hostile_cache(void **state)
{
	__cleanup_buf struct buf cache = {}, said = {};

	ld_cache_fixture__make(&cache, rows, ARRAY_SIZE(rows), true);
	for (size_t len = 0; len < cache.len; len++) {
		__cleanup_free char *part = malloc(len + 1);

		memcpy(part, cache.data, len);
		ld_cache__list(part, len, note, &said);
	}
	for (size_t i = 0; i < cache.len; i++) {
		__cleanup_free char *copy = malloc(cache.len);

		memcpy(copy, cache.data, cache.len);
		copy[i] = (char)0xff;
		ld_cache__list(copy, cache.len, note, &said);
	}
}

static void assert_path(char *found, const char *dir, const char *rest)
{
	__cleanup_free char *path = found, *want = rest ? xasprintf("%s/%s", dir, rest) : NULL;

	if (!want)
		assert_null(path);
	else if (!path || strcmp(path, want))
		fail_msg("%s, not %s", path ? path : "nothing", want);
}

/* A root directory with a cache, a library in it, and another library that it does not list. */
static void test_library(void **state)
{
	static const struct ld_cache_row own[] = {
		{ "libfoo.so.1", "/lib/libfoo.so.1", LD_CACHE_OURS },
		{ "libgone.so.1", "/lib/libgone.so.1", LD_CACHE_OURS },
	};
	char *root = temp_dir__new();
	__cleanup_free char *etc = xasprintf("%s/etc", root), *lib = xasprintf("%s/lib", root);
	__cleanup_free char *usr = xasprintf("%s/usr", root);
	__cleanup_free char *usr_lib = xasprintf("%s/usr/lib", root);
	__cleanup_free char *file = xasprintf("%s/etc/ld.so.cache", root);
	__cleanup_buf struct buf cache = {};

	ld_cache_fixture__make(&cache, own, ARRAY_SIZE(own), false);
	assert_int_equal(mkdir(etc, 0755) | mkdir(usr, 0755) | mkdir(usr_lib, 0755), 0);
	assert_int_equal(symlink("usr/lib", lib), 0);
	temp_dir__write(etc, "ld.so.cache", cache.data, cache.len);
	temp_dir__write(usr_lib, "libfoo.so.1", "x", 1);
	temp_dir__write(usr_lib, "libother.so.3", "x", 1);

	assert_path(locate__library(root, "libfoo.so.1"), root, "usr/lib/libfoo.so.1");
	assert_path(locate__library(root, "libfoo"), root, "usr/lib/libfoo.so.1");
	assert_path(locate__library(root, "foo"), root, "usr/lib/libfoo.so.1");
	assert_path(locate__library(root, "fo"), NULL, NULL);
	assert_path(locate__library(root, "libgone.so.1"), NULL, NULL);
	assert_path(locate__library(root, "libother.so.3"), root, "usr/lib/libother.so.3");
	assert_path(locate__library(root, "../lib/libfoo.so.1"), NULL, NULL);
	/* Without a cache: the linker's own search path. */
	assert_int_equal(unlink(file), 0);
	assert_path(locate__library(root, "libfoo.so.1"), root, "usr/lib/libfoo.so.1");
	assert_path(locate__library(root, "libnone.so.1"), NULL, NULL);

	temp_dir__remove(take_ptr(usr_lib));
	rmdir(usr);
	rmdir(etc);
	temp_dir__remove(root);
}

static void test_program(void **state)
{
	char *dir = temp_dir__new();
	__cleanup_free char *path = xasprintf("/nonexistent::%s", dir),
			    *old = xstrdup(getenv("PATH"));

	temp_dir__write(dir, "prog", "x", 1);
	setenv("PATH", path, 1);
	assert_path(locate__program("prog"), dir, "prog");
	assert_path(locate__program("porg"), NULL, NULL);
	assert_path(locate__program(""), NULL, NULL);
	setenv("PATH", old, 1);
	temp_dir__remove(dir);
}

static void test_near(void **state)
{
	char *dir = temp_dir__new(), *near[LOCATE_NEAR];
	__cleanup_free char *typed = xasprintf("%s/porgram", dir);
	__cleanup_free char *other = xasprintf("%s/qqqqqq", dir);
	__cleanup_free char *within = xasprintf("%sx/program", dir);

	temp_dir__write(dir, "program", "x", 1);
	temp_dir__write(dir, "unlike", "x", 1);
	assert_int_equal(locate__near(typed, near), 1);
	assert_path(near[0], dir, "program");
	assert_int_equal(locate__near(other, near), 0);
	/* The directory is misspelt, but the rest of the path exists. */
	assert_int_equal(locate__near(within, near), 1);
	assert_path(near[0], dir, "program");
	assert_int_equal(locate__near("relative/path", near), 0);
	temp_dir__remove(dir);
}

static void test_roots(void **state)
{
	assert_int_equal(locate__root_of("/proc/12/root/bin/sh"), strlen("/proc/12/root"));
	assert_int_equal(locate__root_of("/proc/self/root/bin/sh"), strlen("/proc/self/root"));
	assert_int_equal(locate__root_of("/proc/12/rootless/sh"), 0);
	assert_int_equal(locate__root_of("/bin/sh"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cache),	cmocka_unit_test(test_hostile_cache),
		cmocka_unit_test(test_library), cmocka_unit_test(test_program),
		cmocka_unit_test(test_near),	cmocka_unit_test(test_roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
