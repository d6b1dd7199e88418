/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "discover/denylist.h"
#include "discover/denylist_user.h"

static void test_denied(void **state)
{
	static const char *const names[] = {
		"do_exit",
		"do_group_exit",
		"make_task_dead",
		"__x64_sys_exit",
		"__x64_sys_exit_group",
		"__ia32_compat_sys_exit_group",
		"__arm64_sys_exit",
		"rewind_stack_and_make_dead",
		"kthread_exit",
		"panic",
		"__switch_to",
		"__switch_to_asm",
		"ret_from_fork",
		"ret_from_fork_asm",
		"exc_page_fault",
		"asm_exc_page_fault",
		"do_syscall_64",
		"default_do_nmi",
		"__rcu_read_lock",
		"rcu_read_unlock_strict",
		"rcu_note_context_switch",
		"preempt_count_add",
		"migrate_disable",
		"migrate_enable",
		"__bpf_prog_enter_recur",
		"bpf_prog_put",
		"htab_lock_bucket",
		"__htab_map_lookup_elem",
		"bpf_map_pop_elem",
		"queue_map_pop_elem",
		"__queue_map_get",
		"queue_stack_map_push_elem",
		"bpf_trampoline_enter",
		"ktime_get_mono_fast_ns",
		"bpf_probe_read_kernel",
		"kprobe_ftrace_handler",
		"kretprobe_rethook_handler",
		"ftrace_ops_list_func",
		"rethook_trampoline_handler",
		"_raw_spin_lock_irqsave",
		"native_queued_spin_lock_slowpath",
		"__pv_queued_spin_lock_slowpath",
		"__x64_sys_rt_sigreturn",
		"__fentry__",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!denylist__kernel(names[i]))
			fail_msg("%s is not denied", names[i]);
	}
}

static void test_allowed(void **state)
{
	static const char *const names[] = {
		"vfs_read",	   "do_exit_to",
		"__x64_sys_read",  "__x64_sys_exit_x",
		"schedule",	   "rcu_barrier",
		"bpf_prog_load",   "bpf_map_copy_value",
		"tcp_v4_connect",  "handle_mm_fault",
		"kernel_clone",	   "do_sys_openat2",
		"bprm_execve",	   "submit_bio",
		"futex_wait",	   "do_epoll_wait",
		"panics",	   "pani",
		"kthread_stop",	   "exec_binprm",
		"synchronize_rcu", "",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *why = denylist__kernel(names[i]);

		if (why)
			fail_msg("%s is denied: %s", names[i], why);
	}
}

static void test_reasons(void **state)
{
	assert_string_equal(denylist__kernel("do_exit"), "it never returns");
	assert_true(denylist__allows_entry(denylist__kernel("do_exit")));
	assert_false(denylist__allows_entry(denylist__kernel("panic")));
	assert_false(denylist__allows_entry(denylist__kernel("__switch_to")));
	assert_non_null(strstr(denylist__kernel("__rcu_read_unlock"), "RCU"));
}

static void test_syscalls(void **state)
{
	assert_non_null(denylist__syscall("exit"));
	assert_non_null(denylist__syscall("exit_group"));
	assert_non_null(denylist__syscall("rt_sigreturn"));
	assert_null(denylist__syscall("execve"));
	assert_null(denylist__syscall("exit_"));
	assert_null(denylist__syscall("do_exit"));
}

static void test_user_denied(void **state)
{
	static const char *const names[] = {
		"_start",
		"__restore_rt",
		"_dl_runtime_resolve_xsavec",
		"setjmp",
		"_setjmp",
		"__sigsetjmp",
		"sigsetjmp",
		"__sigjmp_save",
		"vfork",
		"__vfork",
		"getcontext",
		"setcontext",
		"swapcontext",
		"__start_context",
		"jump_fcontext",
		"clone",
		"__clone",
		"clone3",
		"_Unwind_RaiseException",
		"_Unwind_Resume",
		"__gxx_personality_v0",
		"rust_eh_personality",
		"__morestack",
		"runtime.gogo",
		"runtime.gogo.abi0",
		"runtime.mcall",
		"runtime.systemstack",
		"runtime.systemstack_switch",
		"runtime.morestack_noctxt.abi0",
		"runtime.rt0_go",
		"_rt0_amd64_linux",
		"runtime.asmcgocall",
		"runtime.goexit",
		"f.cold",
		"f.cold.3",
		"f.isra.0.cold",
		"_ZN3foo3barEv.cold",
		"f.part.0.cold",
		"f.__part.2",
		"f.eh",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!denylist_user__function(names[i]))
			fail_msg("%s is not denied", names[i]);
}

/*
 * Functions that never return or throw are harmless for counting, and user functions may have any
 * name.
 */
static void test_user_allowed(void **state)
{
	static const char *const names[] = {
		"main",
		"start",
		"_init",
		"_fini",
		"malloc",
		"fork",
		"longjmp",
		"makecontext",
		"__cxa_throw",
		"pthread_exit",
		"exit",
		"abort",
		"cold",
		".cold",
		"f.colder",
		"cold_start",
		"f.part.0",
		"f.isra.0",
		"f.constprop.0",
		"setjmper",
		"my_setjmp",
		"clone_node",
		"__clone_internal",
		"vforks",
		"runtime.mallocgc",
		"runtime.goexit0",
		"main.main",
		"unwind",
		"getcontexts",
		"f.ehx",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *why = denylist_user__function(names[i]);

		if (why)
			fail_msg("%s is denied: %s", names[i], why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_denied),	    cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_reasons),	    cmocka_unit_test(test_syscalls),
		cmocka_unit_test(test_user_denied), cmocka_unit_test(test_user_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
