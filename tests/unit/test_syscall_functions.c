/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions of system calls, and why some calls are not attached by theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "discover_fixture.h"
#include "temp_dir.h"

static const char kallsyms[] = "ffffffff81000000 T __x64_sys_openat\n"
			       "ffffffff81000100 T __ia32_sys_openat\n"
			       "ffffffff81000200 T __ia32_compat_sys_openat\n"
			       "ffffffff81000300 T __x64_sys_read\n"
			       "ffffffff81000400 T __ia32_sys_read\n"
			       "ffffffff81000500 T __x64_sys_getpid\n"
			       "ffffffff81000500 T __ia32_sys_getpid\n"
			       "ffffffff81000500 t __do_sys_getpid\n"
			       "ffffffff81000600 T __x64_sys_getuid\n"
			       "ffffffff81000600 T __ia32_sys_getuid\n"
			       "ffffffff81000700 T __ia32_sys_getuid16\n"
			       "ffffffff81000800 T __x64_sys_newstat\n"
			       "ffffffff81000900 T __ia32_compat_sys_newstat\n"
			       "ffffffff81000a00 T __x64_sys_fcntl\n"
			       "ffffffff81000b00 T __ia32_sys_mmap_pgoff\n"
			       "ffffffff81000c00 T __x64_sys_getsid\n"
			       "ffffffff81000d00 T __x64_sys_sync\n"
			       "ffffffff81000d00 T __ia32_sys_sync\n"
			       "ffffffff81001000 t syscall_trace_enter.constprop.0\n"
			       "ffffffff81001100 t syscall_trace_enter.constprop.0.cold\n";
static const char traceable[] = "__x64_sys_openat\n__ia32_sys_openat\n__ia32_compat_sys_openat\n"
				"__x64_sys_read\n__ia32_sys_read\n__x64_sys_getpid\n"
				"__x64_sys_getuid\n__ia32_sys_getuid16\n__x64_sys_newstat\n"
				"__ia32_compat_sys_newstat\n__x64_sys_fcntl\n"
				"__ia32_sys_mmap_pgoff\n__x64_sys_getsid\n"
				"syscall_trace_enter.constprop.0\n";

static char *dir;

static void write_lists(const char *symbols, const char *filter)
{
	temp_dir__write(dir, "kallsyms", symbols, strlen(symbols));
	temp_dir__write(dir, "filter", filter, strlen(filter));
}

static int setup(void **state)
{
	log__setup(LOG_ERROR, LOG_LOGFMT);
	dir = temp_dir__new();
	env = (struct discover_env){ .kprobe_blacklist = "/nonexistent",
				     .btf_dir = "/nonexistent",
				     .modules_dir = "/nonexistent",
				     .tracefs = -1,
				     .functions = true };
	env.kallsyms = xasprintf("%s/kallsyms", dir);
	env.available_filter_functions = xasprintf("%s/filter", dir);
	write_lists(kallsyms, traceable);
	return 0;
}

static int teardown(void **state)
{
	free((char *)env.kallsyms);
	free((char *)env.available_filter_functions);
	temp_dir__remove(dir);
	return 0;
}

/* The only target's functions, or what its reason says. */
static void check_call(const char *probe, const char *want)
{
	struct fixture f = { 0 };
	__cleanup_free char *got = NULL;
	struct target *t;

	LIST(&f, probe);
	run(&f);
	t = f.targets->v[0];
	assert_int_equal(t->reason, REASON_NONE);
	got = xstrdup(t->no_function ? t->no_function : t->symbol);
	for (size_t i = 0; i < t->nmore && !t->no_function; i++) {
		char *longer = xasprintf("%s %s", got, t->more[i]->symbol);

		assert_int_equal(t->more[i]->part, i + 1);
		free(got);
		got = longer;
	}
	if (t->no_function ? !strstr(got, want) : strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", probe, got, want);
	done(&f);
}

static void test_functions(void **state)
{
	check_call("syscall:openat", "__x64_sys_openat __ia32_compat_sys_openat __ia32_sys_openat");
	check_call("syscall:read", "__x64_sys_read __ia32_sys_read");
	check_call("syscall:stat", "__x64_sys_newstat __ia32_compat_sys_newstat");
	check_call("syscall:mmap2", "__ia32_sys_mmap_pgoff");
	/* Two names of one function. */
	check_call("syscall:getpid", "__x64_sys_getpid");
}

static void test_reasons(void **state)
{
	check_call("syscall:getuid", "__ia32_sys_getuid is another call of the same function");
	check_call("syscall:fcntl", "fcntl64 of 32-bit programs has the same function");
	check_call("syscall:gettimeofday", "the vsyscall page");
	check_call("syscall:write", "no function of that name for 64-bit programs");
	check_call("syscall:getsid", "no function of that name for 32-bit programs");
	check_call("syscall:sync", "the kernel does not let it be traced");
	check_call("syscall:*", "so many system calls are cheaper by the tracepoints");
	env.functions = false;
	check_call("syscall:read", "kernel functions cannot be probed here");
	env.functions = true;
}

/* A kernel without 32-bit programs. */
static void test_native_only(void **state)
{
	write_lists("ffffffff81000c00 T __x64_sys_getsid\n"
		    "ffffffff81001000 t syscall_trace_enter\n",
		    "__x64_sys_getsid\nsyscall_trace_enter\n");
	check_call("syscall:getsid", "__x64_sys_getsid");
	write_lists(kallsyms, traceable);
}

/* A multi link would count the calls of one of the two only. */
static void test_probed_twice(void **state)
{
	struct fixture f = { 0 };

	LIST(&f, "syscall:read", "__ia32_sys_read");
	run(&f);
	check(&f, "read __ia32_sys_read");
	assert_non_null(strstr(f.targets->v[0]->no_function, "probed by its own name"));
	done(&f);
}

#define READ "ffffffff81000300 T __x64_sys_read\n"

/* The functions at which answered calls are counted. */
static void test_answerer(void **state)
{
	static const struct {
		const char *symbols, *traceable;
		struct answerer want;
	} rows[] = {
		{ READ "ffffffff81001000 t syscall_trace_enter.constprop.0\n"
		       "ffffffff81001100 t syscall_trace_enter.constprop.0.cold\n"
		       "ffffffff81001200 T __secure_computing\nffffffff81001300 T ptrace_notify\n",
		  "syscall_trace_enter.constprop.0\n__secure_computing\nptrace_notify\n",
		  { RP_ANSWERER_ENTER, 0xffffffff81001000, 0 } },
		{ READ "ffffffff81001200 T __secure_computing\nffffffff81001300 T ptrace_notify\n",
		  "__secure_computing\nptrace_notify\n",
		  { RP_ANSWERER_SECCOMP, 0xffffffff81001200, 0xffffffff81001300 } },
		{ READ "ffffffff81001200 T __seccomp_permit_syscall\n"
		       "ffffffff81001300 T ptrace_notify\n",
		  "__seccomp_permit_syscall\nptrace_notify\n",
		  { RP_ANSWERER_PERMIT, 0xffffffff81001200, 0xffffffff81001300 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__cleanup_free char *filter = xasprintf("__x64_sys_read\n%s", rows[i].traceable);
		struct fixture f = { 0 };
		const struct answerer *got;

		write_lists(rows[i].symbols, filter);
		LIST(&f, "syscall:read");
		run(&f);
		assert_null(f.targets->v[0]->no_function);
		got = &f.targets->v[0]->answerer;
		assert_int_equal(got->kind, rows[i].want.kind);
		assert_int_equal(got->addr, rows[i].want.addr);
		assert_int_equal(got->stops, rows[i].want.stops);
		done(&f);
	}
	write_lists(kallsyms, traceable);
}

/* Answered calls could not be counted. */
static void test_no_answerer(void **state)
{
	static const struct {
		const char *symbols, *traceable;
	} rows[] = {
		{ READ, "" },
		{ READ "ffffffff81001000 t syscall_trace_enter\n", "" },
		{ READ "ffffffff81001000 t syscall_trace_enter.constprop.0\n"
		       "ffffffff81001100 t syscall_trace_enter.isra.0\n",
		  "syscall_trace_enter.constprop.0\nsyscall_trace_enter.isra.0\n" },
		{ READ "ffffffff81001200 T __seccomp_permit_syscall\n",
		  "__seccomp_permit_syscall\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		__cleanup_free char *filter = xasprintf("__x64_sys_read\n%s", rows[i].traceable);

		write_lists(rows[i].symbols, filter);
		check_call("syscall:read", "has neither syscall_trace_enter nor "
					   "__seccomp_permit_syscall");
	}
	write_lists(kallsyms, traceable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions),   cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_native_only), cmocka_unit_test(test_probed_twice),
		cmocka_unit_test(test_answerer),    cmocka_unit_test(test_no_answerer),
	};

#ifndef __x86_64__
	return 0; /* their functions are not known */
#endif
	return cmocka_run_group_tests(tests, setup, teardown);
}
