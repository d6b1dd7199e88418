/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of the configuration file: in place, by rename, and by the kubelet's link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "config/config_watch.h"

#include <fcntl.h>
#include <sys/stat.h>

static char *dir, *path;
static struct config_watch *watch;

static int set_up(void **state)
{
	dir = temp_dir__new();
	path = xasprintf("%s/config.yaml", dir);
	temp_dir__write(dir, "config.yaml", "one", 3);
	watch = config_watch__new(path);
	return 0;
}

static int tear_down(void **state)
{
	config_watch__free(watch);
	free(path);
	temp_dir__remove(dir);
	return 0;
}

/* A change is told by the second look after it, and until the file is read. */
static void expect_change(void)
{
	assert_false(config_watch__changed(watch));
	assert_true(config_watch__changed(watch));
	assert_true(config_watch__changed(watch));
	config_watch__note(watch);
	assert_false(config_watch__changed(watch));
	assert_false(config_watch__changed(watch));
}

static char *beside(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void test_in_place(void **state)
{
	assert_false(config_watch__changed(watch));
	assert_false(config_watch__changed(watch));
	temp_dir__write(dir, "config.yaml", "three", 5);
	expect_change();
}

/* Same size: only the time differs. */
static void test_time(void **state)
{
	struct timespec times[] = { { 1000, 0 }, { 1000, 1 } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	expect_change();
}

static void test_rename(void **state)
{
	__cleanup_free char *new = beside("new");

	temp_dir__write(dir, "new", "two", 3);
	assert_int_equal(rename(new, path), 0);
	expect_change();
}

/* A ConfigMap's key is a link into ..data, which is a link to the directory of a revision. */
static void test_kubelet(void **state)
{
	static const char *const revisions[] = { "first", "second" };
	__cleanup_free char *data = beside("..data"), *new_data = beside("..data_tmp");

	for (size_t i = 0; i < ARRAY_SIZE(revisions); i++) {
		__cleanup_free char *revision = beside(revisions[i]);

		assert_int_equal(mkdir(revision, 0755), 0);
		temp_dir__write(revision, "config.yaml", "two", 3);
	}
	assert_int_equal(symlink("first", data), 0);
	unlink(path);
	assert_int_equal(symlink("..data/config.yaml", path), 0);
	expect_change();
	assert_int_equal(symlink("second", new_data), 0);
	assert_int_equal(rename(new_data, data), 0);
	expect_change();

	unlink(data);
	for (size_t i = 0; i < ARRAY_SIZE(revisions); i++)
		temp_dir__remove(beside(revisions[i]));
}

/* While each look finds another file, nobody should read it. */
static void test_being_written(void **state)
{
	char text[20] = "a growing file";

	for (size_t len = 4; len < 14; len++) {
		temp_dir__write(dir, "config.yaml", text, len);
		assert_false(config_watch__changed(watch));
	}
	assert_true(config_watch__changed(watch));
}

static void test_absent(void **state)
{
	unlink(path);
	expect_change();
	temp_dir__write(dir, "config.yaml", "two", 3);
	expect_change();
}

/* Back to what was read: nothing to do. */
static void test_back(void **state)
{
	__cleanup_free char *kept = beside("kept");

	assert_int_equal(rename(path, kept), 0);
	assert_false(config_watch__changed(watch));
	assert_true(config_watch__changed(watch));
	config_watch__note(watch);
	assert_false(config_watch__changed(watch));
	assert_int_equal(rename(kept, path), 0);
	expect_change();
}

static void test_none(void **state)
{
	config_watch__note(NULL);
	assert_false(config_watch__changed(NULL));
	config_watch__free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_place),	  TEST(test_time),
		TEST(test_rename),	  TEST(test_kubelet),
		TEST(test_being_written), TEST(test_absent),
		TEST(test_back),	  cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
