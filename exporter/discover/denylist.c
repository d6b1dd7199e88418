/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that must not have a return probe. The kernel has its own lists (notrace,
 * NOKPROBE_SYMBOL, btf_id_deny of the verifier), but each is for one mechanism, and differs between
 * versions. A function listed here is denied for every mechanism, so that `auto` may choose any.
 *
 * There are three groups. Functions that never return, or return on another stack: their in-flight
 * calls would never end. Functions that run on the way into or out of a probe: at best they recurse
 * and miss calls, at worst they recurse for ever (fexit on 5.10 has no recursion guard). Code that
 * runs when the kernel cannot run BPF programs yet.
 */
#include "discover/denylist.h"

#include <fnmatch.h>

#define NEVER_RETURNS "it never returns"
#define DOWN	      "it never returns, as the kernel or this CPU goes down"
#define ASM_STUB      "it is an entry or exit stub in assembly, not a function that is called"
#define ENTRY	      "it runs while the kernel is being entered or left, when no probe may run"
#define STACK	      "it changes stacks: its return cannot be matched with its entry"
#define RCU	      "every probe runs under RCU: probing it would recurse"
#define PREEMPT	      "every probe calls it: probing it would recurse"
#define BPF	      "BPF programs run it, ours included: probing it would recurse"
#define TRACING	      "it is part of the tracing machinery that runs our probes"
#define SPINLOCK      "probes take spin locks themselves: probing it may deadlock"
#define CLOCK	      "our probes read their clock with it: probing it would recurse"
#define COPY	      "it reads memory for probes: probing it would recurse"
#define IDLE	      "it runs on an idle CPU that RCU does not watch"

static const struct deny_rule kernel[] = {
	/* Functions that never return. */
	{ "do_exit", NEVER_RETURNS },
	{ "do_group_exit", NEVER_RETURNS },
	{ "do_task_dead", NEVER_RETURNS },
	{ "make_task_dead", NEVER_RETURNS },
	{ "rewind_stack_and_make_dead", NEVER_RETURNS },
	{ "rewind_stack_do_exit", NEVER_RETURNS },
	{ "complete_and_exit", NEVER_RETURNS },
	{ "kthread_exit", NEVER_RETURNS },
	{ "kthread_do_exit", NEVER_RETURNS },
	{ "kthread_complete_and_exit", NEVER_RETURNS },
	{ "module_put_and_kthread_exit", NEVER_RETURNS },
	{ "__module_put_and_exit", NEVER_RETURNS },
	{ "__module_put_and_kthread_exit", NEVER_RETURNS },
	{ "bpf_throw", NEVER_RETURNS },
	{ "kthread", NEVER_RETURNS },
	{ "kthreadd", NEVER_RETURNS },
	{ "start_kernel", NEVER_RETURNS },
	{ "arch_call_rest_init", NEVER_RETURNS },
	{ "rest_init", NEVER_RETURNS },
	{ "start_secondary*", NEVER_RETURNS },
	{ "cpu_startup_entry", NEVER_RETURNS },
	{ "cpu_bringup_and_idle", NEVER_RETURNS },
	{ "play_dead*", DOWN },
	{ "stop_this_cpu", DOWN },
	{ "panic", DOWN },
	{ "vpanic", DOWN },
	{ "nmi_panic", DOWN },
	{ "nmi_panic_self_stop", DOWN },
	{ "panic_smp_self_stop", DOWN },
	{ "__stack_chk_fail", DOWN },
	{ "__fortify_panic", DOWN },
	{ "usercopy_abort", DOWN },
	{ "machine_real_restart", DOWN },
	{ "__*_sys_exit", NEVER_RETURNS },
	{ "__*_sys_exit_group", NEVER_RETURNS },
	{ "sys_exit", NEVER_RETURNS },
	{ "sys_exit_group", NEVER_RETURNS },

	/* Functions that return on another stack or to another place. */
	{ "__*sys_rt_sigreturn", STACK },
	{ "__*sys_sigreturn", STACK },
	{ "__switch_to*", STACK },
	{ "ret_from_fork*", STACK },
	{ "__schedule", STACK },
	{ "switch_to_*_stack", STACK },
	{ "call_on_irq_stack", STACK },
	{ "sync_regs", STACK },
	{ "fixup_bad_iret*", STACK },

	/* Entry code, exceptions, non-maskable interrupts. */
	{ "asm_*", ASM_STUB },
	{ "entry_SYSCALL_*", ASM_STUB },
	{ "entry_SYSENTER_*", ASM_STUB },
	{ "entry_INT80_*", ASM_STUB },
	{ "entry_ibpb", ASM_STUB },
	{ "error_entry", ASM_STUB },
	{ "error_return", ASM_STUB },
	{ "paranoid_entry", ASM_STUB },
	{ "paranoid_exit", ASM_STUB },
	{ "common_interrupt_return", ASM_STUB },
	{ "swapgs_restore_regs_*", ASM_STUB },
	{ "__x86_indirect_*", ASM_STUB },
	{ "__x86_return_*", ASM_STUB },
	{ "*_untrain_ret", ASM_STUB },
	{ "__fentry__", ASM_STUB },
	{ "exc_*", ENTRY },
	{ "do_nmi", ENTRY },
	{ "default_do_nmi", ENTRY },
	{ "nmi_enter*", ENTRY },
	{ "nmi_exit*", ENTRY },
	{ "nmi_handle*", ENTRY },
	{ "nmi_cpu_backtrace*", ENTRY },
	{ "*_nmi_handler", ENTRY },
	{ "do_int3*", ENTRY },
	{ "do_debug*", ENTRY },
	{ "do_double_fault", ENTRY },
	{ "do_machine_check", ENTRY },
	{ "do_syscall_64", ENTRY },
	{ "do_int80_*", ENTRY },
	{ "do_fast_syscall_32", ENTRY },
	{ "do_SYSENTER_32", ENTRY },
	{ "__do_fast_syscall_32", ENTRY },
	{ "el0_*", ENTRY },
	{ "el1_*", ENTRY },
	{ "el0t_*", ENTRY },
	{ "el1h_*", ENTRY },
	{ "irqentry_*", ENTRY },
	{ "syscall_enter_from_user_mode*", ENTRY },
	{ "syscall_exit_to_user_mode*", ENTRY },
	{ "enter_from_user_mode*", ENTRY },
	{ "exit_to_user_mode*", ENTRY },
	{ "ct_nmi_*", ENTRY },
	{ "ct_irq_*", ENTRY },
	{ "ct_idle_*", ENTRY },
	{ "ct_user_*", ENTRY },
	{ "__ct_user_*", ENTRY },
	{ "ct_kernel_*", ENTRY },
	{ "context_tracking_*", ENTRY },
	{ "__context_tracking_*", ENTRY },
	{ "user_enter*", ENTRY },
	{ "user_exit*", ENTRY },
	{ "lockdep_*", TRACING },
	{ "trace_hardirqs_*", TRACING },
	{ "arch_cpu_idle*", IDLE },
	{ "default_idle*", IDLE },
	{ "cpu_idle_poll*", IDLE },
	{ "mwait_idle*", IDLE },
	{ "acpi_idle_enter*", IDLE },
	{ "acpi_processor_ffh_cstate_enter", IDLE },
	{ "intel_idle*", IDLE },

	/* What every probe calls. */
	{ "rcu_barrier", NULL },
	{ "rcu_gp_*", NULL },
	{ "rcu_do_batch", NULL },
	{ "rcu_core*", NULL },
	{ "rcu_*", RCU },
	{ "__rcu_*", RCU },
	{ "srcu_read_*", RCU },
	{ "__srcu_read_*", RCU },
	{ "preempt_*", PREEMPT },
	{ "__preempt_*", PREEMPT },
	{ "migrate_disable", PREEMPT },
	{ "migrate_enable", PREEMPT },
	{ "__migrate_*able", PREEMPT },
	{ "__cant_migrate", PREEMPT },
	{ "__cant_sleep", PREEMPT },
	{ "debug_smp_processor_id", PREEMPT },
	{ "__this_cpu_preempt_check", PREEMPT },
	{ "irq_work_queue*", PREEMPT },

	/* BPF: dispatch, the maps that our programs use, and what holds their locks. */
	{ "bpf_prog_load*", NULL },
	{ "__bpf_prog_enter*", BPF },
	{ "__bpf_prog_exit*", BPF },
	{ "__bpf_tramp_*", BPF },
	{ "bpf_trampoline_*", BPF },
	{ "__bpf_trampoline_*", BPF },
	{ "arch_prepare_bpf_trampoline*", BPF },
	{ "arch_bpf_trampoline_*", BPF },
	{ "bpf_dispatcher_*", BPF },
	{ "bpf_prog_*", BPF },
	{ "__bpf_prog_*", BPF },
	{ "___bpf_prog_run", BPF },
	{ "bpf_trace_run*", BPF },
	{ "__bpf_trace_*", BPF },
	{ "bpf_session_*", BPF },
	{ "bpf_get_*", BPF },
	{ "____bpf_*", BPF },
	{ "bpf_task_storage_*", BPF },
	{ "__bpf_task_storage_*", BPF },
	{ "task_storage_*", BPF },
	{ "bpf_local_storage_*", BPF },
	{ "__bpf_local_storage_*", BPF },
	{ "bpf_selem_*", BPF },
	{ "bpf_mem_*", BPF },
	{ "bpf_map_area_*", NULL },
	{ "bpf_map_k*alloc*", BPF },
	{ "bpf_map_lookup_elem*", BPF },
	{ "bpf_map_update_elem*", BPF },
	{ "bpf_map_delete_elem*", BPF },
	{ "bpf_lru_*", BPF },
	{ "__bpf_lru_*", BPF },
	{ "bpf_common_lru_*", BPF },
	{ "bpf_percpu_lru_*", BPF },
	{ "htab_*", BPF },
	{ "__htab_*", BPF },
	{ "alloc_htab_elem", BPF },
	{ "free_htab_elem", BPF },
	{ "prealloc_lru_pop", BPF },
	{ "lookup_elem_raw", BPF },
	{ "lookup_nulls_elem_raw", BPF },
	{ "pcpu_freelist_*", BPF },
	{ "__pcpu_freelist_*", BPF },
	{ "___pcpu_freelist_*", BPF },
	{ "bpf_map_push_elem*", BPF },
	{ "bpf_map_pop_elem*", BPF },
	{ "bpf_map_peek_elem*", BPF },
	{ "queue_map_*", BPF },
	{ "__queue_map_*", BPF },
	{ "queue_stack_map_*", BPF },
	{ "bpf_ringbuf_*", BPF },
	{ "__bpf_ringbuf_*", BPF },
	{ "array_map_lookup_elem*", BPF },
	{ "array_map_update_elem*", BPF },
	{ "percpu_array_map_lookup_*", BPF },
	{ "percpu_array_map_update_*", BPF },
	{ "bpf_probe_read_*", COPY },
	{ "copy_from_kernel_nofault*", COPY },
	{ "copy_from_user_nofault*", COPY },
	{ "strncpy_from_kernel_nofault*", COPY },
	{ "strncpy_from_user_nofault*", COPY },
	{ "bpf_ktime_*", CLOCK },
	{ "ktime_get_*fast_ns", CLOCK },

	/* kprobes, ftrace, perf. */
	{ "kprobe_*", TRACING },
	{ "kprobes_*", TRACING },
	{ "__kprobe*", TRACING },
	{ "kretprobe_*", TRACING },
	{ "__kretprobe_*", TRACING },
	{ "pre_handler_kretprobe", TRACING },
	{ "aggr_*_handler", TRACING },
	{ "opt_pre_handler", TRACING },
	{ "optimized_callback", TRACING },
	{ "recycle_rp_inst", TRACING },
	{ "free_rp_inst_rcu", TRACING },
	{ "get_kprobe", TRACING },
	{ "setup_singlestep*", TRACING },
	{ "trampoline_handler", TRACING },
	{ "arch_rethook_*", TRACING },
	{ "rethook_*", TRACING },
	{ "__rethook_*", TRACING },
	{ "fprobe_*", TRACING },
	{ "__fprobe_*", TRACING },
	{ "objpool_*", TRACING },
	{ "ftrace_*", TRACING },
	{ "__ftrace_*", TRACING },
	{ "arch_ftrace_*", TRACING },
	{ "function_graph_*", TRACING },
	{ "function_trace_*", TRACING },
	{ "prepare_ftrace_return", TRACING },
	{ "return_to_handler", TRACING },
	{ "trace_call_bpf", TRACING },
	{ "trace_event_buffer_*", TRACING },
	{ "trace_event_ignore_*", TRACING },
	{ "perf_trace_*", TRACING },
	{ "perf_tp_event*", TRACING },
	{ "perf_swevent_*", TRACING },
	{ "ring_buffer_*", TRACING },
	{ "text_poke*", TRACING },
	{ "smp_text_poke_*", TRACING },
	{ "poke_int3_handler", TRACING },
	{ "__traceiter_*", TRACING },
	{ "__probestub_*", TRACING },

	/* Locks that maps, slots and the tracing machinery take. */
	{ "_raw_spin_*", SPINLOCK },
	{ "__raw_spin_*", SPINLOCK },
	{ "_raw_read_*", SPINLOCK },
	{ "_raw_write_*", SPINLOCK },
	{ "do_raw_spin_*", SPINLOCK },
	{ "do_raw_read_*", SPINLOCK },
	{ "do_raw_write_*", SPINLOCK },
	{ "queued_spin_*", SPINLOCK },
	{ "queued_read_*", SPINLOCK },
	{ "queued_write_*", SPINLOCK },
	{ "native_queued_spin_*", SPINLOCK },
	{ "__pv_queued_spin_*", SPINLOCK },
	{ "pv_queued_spin_*", SPINLOCK },
	{ "kvm_wait", SPINLOCK },
	{ "resilient_*spin_lock_slowpath", SPINLOCK },
};

static const struct deny_rule syscalls[] = {
	{ "exit", NEVER_RETURNS },
	{ "exit_group", NEVER_RETURNS },
	{ "rt_sigreturn", "it returns to where the signal struck, with that place's registers" },
	{ "sigreturn", "it returns to where the signal struck, with that place's registers" },
};

/* Most names differ in the first letters, so fnmatch(3) is rarely needed. */
static bool matches(const char *glob, const char *name)
{
	size_t literal;

	if (*glob != *name && *glob != '*')
		return false;
	literal = strcspn(glob, "*");
	if (strncmp(glob, name, literal))
		return false;
	if (!glob[literal])
		return !name[literal];
	return !glob[literal + 1] || !fnmatch(glob, name, 0);
}

const char *denylist__find(const struct deny_rule *rules, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (matches(rules[i].glob, name))
			return rules[i].why;
	}
	return NULL;
}

bool denylist__allows_entry(const char *why)
{
	return !strcmp(why, NEVER_RETURNS);
}

const char *denylist__kernel(const char *function)
{
	return denylist__find(kernel, ARRAY_SIZE(kernel), function);
}

const char *denylist__syscall(const char *name)
{
	return denylist__find(syscalls, ARRAY_SIZE(syscalls), name);
}
