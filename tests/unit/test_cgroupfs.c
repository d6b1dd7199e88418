/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/cgroupfs.h"

/* A mount that another one covers is not usable at that place. */
static bool is_v2(const char *path)
{
	return !strstr(path, "covered");
}

static void test_find(void **state)
{
	static const struct {
		const char *mountinfo, *point;
	} cases[] = {
		{ "22 1 0:21 / /proc rw - proc proc rw\n"
		  "31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
		  "/sys/fs/cgroup" },
		/* Hybrid hierarchy. */
		{ "31 23 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
		  "32 31 0:27 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 rw\n"
		  "33 31 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
		  "/sys/fs/cgroup/unified" },
		/* A mount of a subtree, as in a container, is the second choice. */
		{ "31 23 0:26 /pod /run/c rw - cgroup2 cgroup2 rw\n"
		  "32 23 0:26 / /host/cgroup rw - cgroup2 cgroup2 rw\n",
		  "/host/cgroup" },
		{ "31 23 0:26 /pod /run/c rw - cgroup2 cgroup2 rw\n", "/run/c" },
		/* In a cgroup namespace, the host's root is above the namespace's. */
		{ "31 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
		  "32 23 0:26 /../.. /host/sys/fs/cgroup ro - cgroup2 cgroup2 rw\n",
		  "/sys/fs/cgroup" },
		{ "31 23 0:26 / /covered rw - cgroup2 cgroup2 rw\n"
		  "32 23 0:26 / /a\\040b rw master:1 - cgroup2 none rw\n",
		  "/a b" },
		{ "33 31 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__cleanup_fclose FILE *f =
			fmemopen((void *)cases[i].mountinfo, strlen(cases[i].mountinfo) + 1, "r");
		__cleanup_free char *found = cgroupfs__find(f, is_v2);

		if (cases[i].point)
			assert_string_equal(found, cases[i].point);
		else
			assert_null(found);
	}
}

/* The whole hierarchy is recognised by its inode, not by the text. */
static bool is_host(const char *path)
{
	return !strncmp(path, "/host/", 6);
}

static void test_find_whole(void **state)
{
	static const char mountinfo[] =
		"31 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
		"32 23 0:26 /../.. /host/sys/fs/cgroup ro - cgroup2 cgroup2 rw\n";
	__cleanup_fclose FILE *f = fmemopen((void *)mountinfo, sizeof(mountinfo), "r");
	__cleanup_free char *found = cgroupfs__find(f, is_host);

	assert_string_equal(found, "/host/sys/fs/cgroup");
}

/* The mount of this machine. */
static void test_open(void **state)
{
	__cleanup_close int fd = cgroupfs__open();
	__cleanup_free char *own = cgroupfs__mount_point();

	if (!own)
		skip();
	assert_true(fd >= 0);
	assert_true(cgroupfs__in_use());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_whole),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
