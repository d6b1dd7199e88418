/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that change while they are read, in every way that files change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "access/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static char *dir, *path;
static struct web_file *file;

static void write_file(const char *name, const char *text)
{
	temp_dir__write(dir, name, text, strlen(text));
}

static void expect(int ret, const char *text)
{
	assert_int_equal(web_file__refresh(file), ret);
	if (!text) {
		assert_null(web_file__text(file)->data);
		assert_int_equal(web_file__text(file)->len, 0);
		return;
	}
	assert_string_equal(web_file__text(file)->data, text);
	assert_int_equal(web_file__text(file)->len, strlen(text));
}

static void test_changes(void **state)
{
	write_file("f", "one");
	expect(1, "one");
	expect(0, "one");
	/* Same size, and probably the same clock tick. */
	for (int i = 0; i < 50; i++) {
		write_file("f", i % 2 ? "two" : "six");
		expect(1, i % 2 ? "two" : "six");
	}
	write_file("f", "two");
	expect(0, "two");
	write_file("f", "");
	expect(1, "");
}

/* The timestamps are reset after a change. */
static void test_times_restored(void **state)
{
	struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

	write_file("f", "abc");
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	expect(1, "abc");
	write_file("f", "xyz");
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	expect(1, "xyz");
}

static void test_comes_and_goes(void **state)
{
	expect(-ENOENT, NULL);
	expect(-ENOENT, NULL);
	write_file("f", "here");
	expect(1, "here");
	unlink(path);
	expect(-ENOENT, NULL);
	write_file("f", "here");
	expect(1, "here"); /* it did not exist in between */
}

/* Kubernetes: f -> ..data/f, and ..data is replaced. */
static void test_links(void **state)
{
	__cleanup_free char *a = xasprintf("%s/a", dir), *next = xasprintf("%s/next", dir);

	write_file("a", "old");
	write_file("b", "new");
	assert_int_equal(symlink("a", path), 0);
	expect(1, "old");
	assert_int_equal(symlink("b", next), 0);
	assert_int_equal(rename(next, path), 0);
	expect(1, "new");
	unlink(path);
	assert_int_equal(symlink("gone", path), 0);
	expect(-ENOENT, NULL);
	unlink(path);
	assert_int_equal(symlink(a, path), 0);
	expect(1, "old");
}

static void test_no_files(void **state)
{
	__cleanup_free char *big = xcalloc(WEB_FILE_MAX_BYTES + 1, 1);

	assert_int_equal(mkdir(path, 0700), 0);
	expect(-EISDIR, NULL);
	rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect(-EINVAL, NULL);
	unlink(path);
	memset(big, 'x', WEB_FILE_MAX_BYTES + 1);
	temp_dir__write(dir, "f", big, WEB_FILE_MAX_BYTES + 1);
	expect(-EFBIG, NULL);
	temp_dir__write(dir, "f", big, WEB_FILE_MAX_BYTES);
	assert_int_equal(web_file__refresh(file), 1);
	assert_int_equal(web_file__text(file)->len, WEB_FILE_MAX_BYTES);
}

static void test_nul(void **state)
{
	temp_dir__write(dir, "f", "a\0b", 3);
	assert_int_equal(web_file__refresh(file), 1);
	assert_int_equal(web_file__text(file)->len, 3);
	temp_dir__write(dir, "f", "a\0c", 3);
	assert_int_equal(web_file__refresh(file), 1);
	assert_memory_equal(web_file__text(file)->data, "a\0c", 4);
}

static void test_beside(void **state)
{
	static const struct {
		const char *other, *name, *path;
	} cases[] = {
		{ "/etc/x/web.yml", "c.pem", "/etc/x/c.pem" },
		{ "/etc/x/web.yml", "../c.pem", "/etc/x/../c.pem" },
		{ "/etc/x/web.yml", "/c.pem", "/c.pem" },
		{ "web.yml", "c.pem", "c.pem" },
		{ "./web.yml", "c.pem", "./c.pem" },
		{ "/web.yml", "c.pem", "/c.pem" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct web_file *f = web_file__new_beside(cases[i].other, cases[i].name);

		assert_string_equal(web_file__path(f), cases[i].path);
		web_file__free(f);
	}
	web_file__free(NULL);
}

static int setup(void **state)
{
	dir = temp_dir__new();
	path = xasprintf("%s/f", dir);
	file = web_file__new(path);
	return 0;
}

static int teardown(void **state)
{
	web_file__free(file);
	free(path);
	temp_dir__remove(dir);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_changes), TEST(test_times_restored), TEST(test_comes_and_goes),
		TEST(test_links),   TEST(test_no_files),       TEST(test_nul),
		TEST(test_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
