/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "files/same_inode.h"
#include "temp_dir.h"

static char *dir;
static int a, again, b, empty;

static int open_file(const char *name)
{
	__cleanup_free char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int setup(void **state)
{
	dir = temp_dir__new();
	temp_dir__write(dir, "a", "\177ELF", 4);
	temp_dir__write(dir, "b", "\177ELF", 4);
	temp_dir__write(dir, "empty", "", 0);
	a = open_file("a");
	again = open_file("a");
	b = open_file("b");
	empty = open_file("empty");
	return 0;
}

static int teardown(void **state)
{
	close(a);
	close(again);
	close(b);
	close(empty);
	temp_dir__remove(dir);
	return 0;
}

static void test_same(void **state)
{
	assert_true(same_inode(a, again, "a"));
	assert_true(same_inode(a, a, "a"));
}

static void test_others(void **state)
{
	assert_false(same_inode(a, b, "a"));
	assert_false(same_inode(b, a, "b"));
}

/* A read beyond the end of the empty file kills the child. */
static void test_empty(void **state)
{
	assert_false(same_inode(empty, a, "empty"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
