/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls that are attached by their functions.
 *
 * The programs at these functions are those of any kernel function. But some calls never reach
 * their function: a seccomp filter, its supervisor or a tracer answers them first
 * (unseen_syscall.bpf.h). syscall_trace_enter() runs for tasks with such a filter or tracer only,
 * and returns -1 if the call is not to be made. The program at its return counts these calls.
 *
 * Since 7.0 that function has none of its own in the kernel. There, the program is at the return of
 * the function that runs the filters. A tracer stops the task in ptrace_notify(), before the
 * filters. The call is not made if the tracer emulates calls, or if the task has been killed
 * meanwhile. Whether it emulates them is known at the entry of ptrace_notify() only, as it may
 * change its mind during the stop.
 */
#pragma once

#include "unseen_syscall.bpf.h"

volatile __u64 function_desc[RP_SYSCALLS];	  /* by number; 0: not attached by its functions */
volatile __u64 function_compat_desc[RP_SYSCALLS]; /* the same for 32-bit programs */

const volatile __u32 answerer; /* enum rp_answerer */

/* By thread that its tracer has stopped at a system call: whether the tracer emulates calls. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} traced SEC(".maps");

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

/* Counts the system call that the task is in, which is not made. */
static __always_inline void count_answered(struct pt_regs *ctx)
{
	struct pt_regs___rp *regs = saved_regs();
	__u64 desc = desc_of_functions(number_in_regs(regs), is_compat());

	if (!desc || is_dispatched())
		return;
	if (is_trapped()) {
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_TRAPPED);
		return;
	}
	if (RP_DESC_CAPTURE(desc)) {
		bpf_tail_call(ctx, &answered_programs, RP_DESC_CAPTURE(desc) - 1);
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
		return;
	}
	count_untimed(RP_EXCLUSIVE, RP_DESC_ID(desc), rp_outcome(desc, result_in_regs(regs)));
	count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_ANSWERED);
}

/* Whether this result of the function says that the call is not to be made. */
static __always_inline bool is_refusal(__u64 ret)
{
	if (answerer == RP_ANSWERER_PERMIT)
		return !(__u8)ret;
	return answerer == RP_ANSWERER_SECCOMP ? (__u32)ret == -1U : ret == -1ULL;
}

SEC("kretprobe")
int BPF_KRETPROBE(syscall_answered, unsigned long ret)
{
	if (is_refusal(ret))
		count_answered(ctx);
	return 0;
}

/* include/uapi/linux/ptrace.h; the event of a stop is above the signal's bits */
#define PTRACE_EVENTMSG_SYSCALL_ENTRY 1
#define SYSGOOD			      0x80
#define SIGKILL			      9
#define SIGTRAP			      5

static __always_inline __u32 tracer_emulates(void)
{
	struct task_struct___work *task = (void *)bpf_get_current_task();
	__u32 bit =
		bpf_core_enum_value(enum syscall_work_bit___rp, SYSCALL_WORK_BIT_SYSCALL_EMU___rp);

	return BPF_CORE_READ(task, thread_info.syscall_work) >> bit & 1;
}

SEC("kprobe")
int BPF_KPROBE(syscall_stops, int code, unsigned long message)
{
	__u32 tid = bpf_get_current_pid_tgid(), emulated;
	__u64 desc;

	if ((code & ~SYSGOOD) != SIGTRAP || message != PTRACE_EVENTMSG_SYSCALL_ENTRY)
		return 0;
	emulated = tracer_emulates();
	if (!bpf_map_update_elem(&traced, &tid, &emulated, BPF_ANY) || !emulated)
		return 0;
	desc = desc_of_functions(number_in_regs(saved_regs()), is_compat());
	if (desc)
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
	return 0;
}

static __always_inline bool is_killed(void)
{
	struct task_struct___syscall *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, pending.signal.sig[0]) & 1UL << (SIGKILL - 1);
}

/* The result is the signal that the tracer sends. */
SEC("kretprobe")
int BPF_KRETPROBE(syscall_stopped, int signal)
{
	__u32 tid = bpf_get_current_pid_tgid(), emulated;
	__u32 *found = bpf_map_lookup_elem(&traced, &tid);

	if (!found)
		return 0;
	emulated = *found;
	bpf_map_delete_elem(&traced, &tid);
	if (emulated || signal == SIGKILL || is_killed())
		count_answered(ctx);
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
	/* The registers are found again, as there is little stack left to keep their address. */
	if (capture_answered_syscall(&capture, desc))
		count_captured_untimed(ctx, &capture, desc, result_in_regs(saved_regs()),
				       RP_EXCLUSIVE);
	count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_ANSWERED);
	return 0;
}
