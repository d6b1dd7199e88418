/* SPDX-License-Identifier: GPL-2.0-only */
/* Advice for an errno, depending on the machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/advice.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>

#define CAP(cap) (1ULL << (cap))
#define ROOT	 UINT64_MAX

static const struct machine usual = {
	.capabilities = ROOT,
	.paranoid = 2,
	.files = 1024,
	.files_open = 20,
	.locked = MACHINE_UNLIMITED,
	.memory = MACHINE_UNLIMITED,
};

#define MACHINE(...)                        \
	({                                  \
		struct machine __m = usual; \
		struct machine *m = &__m;   \
		__VA_ARGS__;                \
		__m;                        \
	})

static void expect(const struct machine *m, enum attempt a, int err, const char *text)
{
	__cleanup_free char *advice = advice__text(m, a, err, (struct demand){ .files = 70 });

	if (!strstr(advice, text) || strchr(advice, '\n'))
		fail_msg("%s: no \"%s\"", advice, text);
}

static void test_limits(void **state)
{
	struct machine small = MACHINE(m->files = 16), tight = MACHINE(m->memory = 48 << 20);
	struct machine locked = MACHINE(m->locked = 64 << 10);
	__cleanup_free char *unknown =
		advice__text(&small, ATTEMPT_ATTACH, -EMFILE, (struct demand){});

	expect(&small, ATTEMPT_LOAD, -EMFILE, "EMFILE: 16 open files are not enough, about 90");
	expect(&small, ATTEMPT_LOAD, -EMFILE, "LimitNOFILE=");
	assert_non_null(strstr(unknown, "16 open files are not enough: raise"));
	expect(&usual, ATTEMPT_ATTACH, -ENFILE, "fs.file-max");
	expect(&tight, ATTEMPT_LOAD, -ENOMEM, "memory.max of the cgroup is 48 MiB");
	expect(&usual, ATTEMPT_LOAD, -ENOMEM, "ENOMEM: the kernel has no memory");
	expect(&locked, ATTEMPT_LOAD, -EPERM,
	       "RLIMIT_MEMLOCK before Linux 5.11, and that is 64 KiB");
}

static void test_permissions(void **state)
{
	struct machine none = MACHINE(m->capabilities = 0),
		       bpf = MACHINE(m->capabilities = CAP(CAP_BPF));
	struct machine both = MACHINE(m->capabilities = CAP(CAP_BPF) | CAP(CAP_PERFMON));
	struct machine strict = both;
	struct machine filtered = MACHINE(m->seccomp = true);
	struct machine confidential = MACHINE(m->confidential = true);

	strict.paranoid = 3;
	expect(&none, ATTEMPT_LOAD, -EPERM, "EPERM: CAP_BPF is missing");
	expect(&bpf, ATTEMPT_ATTACH, -EACCES, "EACCES: CAP_PERFMON is missing");
	expect(&strict, ATTEMPT_EVENT, -EACCES, "kernel.perf_event_paranoid is 3");
	expect(&strict, ATTEMPT_ATTACH, -EPERM, "no capability is missing");
	expect(&both, ATTEMPT_UPROBE, -EACCES, "CAP_SYS_ADMIN is missing, which uprobe events");
	expect(&both, ATTEMPT_SYMBOLS, -EPERM, "CAP_SYSLOG is missing");
	expect(&filtered, ATTEMPT_LOAD, -EPERM, "seccomp");
	expect(&confidential, ATTEMPT_EVENT, -EPERM, "kernel lockdown");
	expect(&usual, ATTEMPT_LOAD, -EPERM, "security module");
}

static void test_types_and_verifier(void **state)
{
	struct machine confidential = MACHINE(m->confidential = true);
	static const int errs[] = { -ESRCH, -EINVAL, -ENOENT, -EACCES };

	for (size_t i = 0; i < ARRAY_SIZE(errs); i++)
		expect(&usual, ATTEMPT_LOAD, errs[i], "verifier refuses a program: --log.level");
	expect(&confidential, ATTEMPT_LOAD, -EINVAL, "lockdown");
	/* A program for a single function: not the security module's fault. */
	expect(&usual, ATTEMPT_CLONE, -EACCES, "EACCES: trampolines do not support functions of");
	expect(&confidential, ATTEMPT_CLONE, -EACCES, "EACCES: trampolines do not support");
	expect(&usual, ATTEMPT_LOAD, -EAGAIN, "EAGAIN: the kernel was busy or interrupted");
	expect(&usual, ATTEMPT_ATTACH, -EINTR, "EINTR: the kernel was busy or interrupted");
	/* No advice for a function that cannot be probed: that does not depend on the machine. */
	expect(&usual, ATTEMPT_ATTACH, -EINVAL, "EINVAL");
}

/* Root is not told to become root. */
static void test_root(void **state)
{
	for (enum attempt a = ATTEMPT_LOAD; a <= ATTEMPT_SYMBOLS; a++)
		for (int err = 1; err < 134; err++) {
			__cleanup_free char *advice =
				advice__text(&usual, a, -err, (struct demand){});

			assert_null(strstr(advice, "root"));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_types_and_verifier),
		cmocka_unit_test(test_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
