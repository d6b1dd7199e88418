/* SPDX-License-Identifier: GPL-2.0-only */
/* Events where CPU 0 is offline: perf_event_open() behaves as on such a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/perf_event.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>

#define EVENT 12345

static int offline; /* calls that find their CPU offline */

long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	va_list ap;
	int cpu;

	assert_int_equal(number, SYS_perf_event_open);
	va_start(ap, number);
	va_arg(ap, void *);
	va_arg(ap, int);
	cpu = va_arg(ap, int);
	va_end(ap);
	assert_true(cpu >= 0);
	if (offline-- <= 0)
		return EVENT;
	errno = ENODEV;
	return -1;
}

static void test_offline(void **state)
{
	for (int n = 0; n < 5; n++) {
		offline = n;
		assert_int_equal(perf_event__open_tracepoint(1), EVENT);
	}
	offline = 1000;
	assert_int_equal(perf_event__open_tracepoint(1), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_offline) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
