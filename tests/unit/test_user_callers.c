/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses in this process, whose program is the test itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "labels/user_callers.h"

static struct user_callers *callers;

static void check(pid_t pid, uint64_t addr, const char *text)
{
	__cleanup_free char *found = user_callers__text(callers, pid, addr);

	assert_string_equal(found, text);
}

static void functions_of_a_process(void **state)
{
	__cleanup_free char *heap = xcalloc(1, 64);
	uint64_t here = (uintptr_t)functions_of_a_process;

	check(getpid(), here + 1, "test_user_callers:functions_of_a_process");
	/* Twice, now that the file is known. */
	check(getpid(), here + 8, "test_user_callers:functions_of_a_process");
	check(getpid(), (uintptr_t)heap + 8, "?");
	check(getpid(), 0, "?");
	check(getpid(), 4096, "?");
}

/* It is found by what is mapped, so it does not matter what the library is called. */
static void functions_of_a_library(void **state)
{
	__cleanup_free char *found = user_callers__text(callers, getpid(), (uintptr_t)waitpid + 1);

	assert_non_null(strstr(found, ":"));
	assert_null(strstr(found, "?"));
}

static void processes_that_have_gone(void **state)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	check(child, (uintptr_t)processes_that_have_gone + 1, "?");
}

static int set_up(void **state)
{
	callers = user_callers__new("/proc");
	return 0;
}

static int tear_down(void **state)
{
	user_callers__free(callers);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_of_a_process),
		cmocka_unit_test(functions_of_a_library),
		cmocka_unit_test(processes_that_have_gone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
