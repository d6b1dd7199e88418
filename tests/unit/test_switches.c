/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's switches, over directories in place of /proc/sys/kernel and debugfs. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "kernel/switches.h"
#include "temp_dir.h"

static void switches_are_read(void **state)
{
	char *dir = temp_dir__new();
	__cleanup_free char *kprobes = xasprintf("%s/kprobes", dir);
	__cleanup_free char *enabled = xasprintf("%s/enabled", kprobes);
	struct switches *s =
		switches__new(open(dir, O_PATH | O_CLOEXEC), open(dir, O_PATH | O_CLOEXEC));

	assert_int_equal(switches__off(s), 0);
	mkdir(kprobes, 0700);
	temp_dir__write(dir, "ftrace_enabled", "1\n", 2);
	temp_dir__write(dir, "kprobes/enabled", "1\n", 2);
	assert_int_equal(switches__off(s), 0);
	temp_dir__write(dir, "ftrace_enabled", "0\n", 2);
	assert_int_equal(switches__off(s), SWITCH_FTRACE);
	temp_dir__write(dir, "kprobes/enabled", "0\n", 2);
	assert_int_equal(switches__off(s), SWITCH_FTRACE | SWITCH_KPROBES);
	temp_dir__write(dir, "ftrace_enabled", "1\n", 2);
	assert_int_equal(switches__off(s), SWITCH_KPROBES);
	temp_dir__write(dir, "kprobes/enabled", "", 0);
	assert_int_equal(switches__off(s), 0);
	switches__free(s);
	unlink(enabled);
	rmdir(kprobes);
	temp_dir__remove(dir);
}

static void none_to_be_read(void **state)
{
	struct switches *s = switches__new(-1, -1);

	assert_int_equal(switches__off(s), 0);
	switches__free(s);
	switches__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(switches_are_read),
		cmocka_unit_test(none_to_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
