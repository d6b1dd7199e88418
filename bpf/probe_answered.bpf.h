/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls that are attached by their functions.
 *
 * The programs at these functions are those of any kernel function. But some calls never reach
 * their function: a seccomp filter, its supervisor or a tracer answers them first
 * (unseen_syscall.bpf.h). syscall_trace_enter() runs for tasks with such a filter or tracer only,
 * and returns -1 if the call is not to be made. The program at its return counts these calls.
 */
#pragma once

#include "unseen_syscall.bpf.h"

volatile __u64 function_desc[RP_SYSCALLS];	  /* by number; 0: not attached by its functions */
volatile __u64 function_compat_desc[RP_SYSCALLS]; /* the same for 32-bit programs */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY); /* by capture spec */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} answered_programs SEC(".maps");

static __always_inline __u64 number_in_regs(struct pt_regs___rp *regs)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(regs, orig_ax);
#else
	return (__u32)BPF_CORE_READ(regs, syscallno);
#endif
}

static __always_inline __u64 result_in_regs(struct pt_regs___rp *regs)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(regs, ax);
#else
	return BPF_CORE_READ(regs, regs[0]);
#endif
}

static __always_inline __u64 desc_of_functions(__u64 nr, bool compat)
{
	nr = table_index(nr);
	return compat ? desc_at(function_compat_desc, nr) : desc_at(function_desc, nr);
}

/* The call goes to a handler of the process itself, and its number means nothing to the kernel
 * (prctl(PR_SET_SYSCALL_USER_DISPATCH)). */
static __always_inline bool is_dispatched(void)
{
	struct task_struct___syscall *task = (void *)bpf_get_current_task();

	return bpf_core_field_exists(task->syscall_dispatch) &&
	       BPF_CORE_READ(task, syscall_dispatch.on_dispatch);
}

SEC("kretprobe")
int BPF_KRETPROBE(syscall_answered, long nr)
{
	struct pt_regs___rp *regs;
	__u64 desc;

	if (nr != -1)
		return 0;
	regs = saved_regs();
	desc = desc_of_functions(number_in_regs(regs), is_compat());
	if (!desc || is_dispatched())
		return 0;
	if (is_trapped()) {
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_TRAPPED);
		return 0;
	}
	if (RP_DESC_CAPTURE(desc)) {
		bpf_tail_call(ctx, &answered_programs, RP_DESC_CAPTURE(desc) - 1);
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
		return 0;
	}
	count_untimed(RP_EXCLUSIVE, RP_DESC_ID(desc), rp_outcome(desc, result_in_regs(regs)));
	count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_ANSWERED);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(syscall_answered_capturing)
{
	struct pt_regs___rp *regs = saved_regs();
	__u64 desc = desc_of_functions(number_in_regs(regs), is_compat());
	struct capture capture = {};

	if (!desc)
		return 0;
	leave_answered_syscall(ctx, &capture, desc, result_in_regs(regs));
	count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_ANSWERED);
	return 0;
}
