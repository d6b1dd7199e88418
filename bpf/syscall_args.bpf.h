/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The system call that a task is in: its number, arguments and result. All of them are in the saved
 * registers of the program, which are also the only argument of the kernel's function for a system
 * call.
 */
#pragma once

#include "fields.bpf.h"
#include "pairing.bpf.h"

const volatile bool x32_calls; /* the kernel runs x32 programs */

/* The index of a call in tables by number; RP_SYSCALLS: it has none. */
static __always_inline __u64 table_index(__u64 nr)
{
	if (nr < RP_SYSCALLS)
		return nr;
	nr ^= X32_BIT;
	return x32_calls && nr < RP_SYSCALLS ? nr : RP_SYSCALLS;
}

static __always_inline __u64 desc_at(const volatile __u64 *table, __u64 nr)
{
	return nr < RP_SYSCALLS ? table[nr] : 0;
}

static __always_inline bool is_compat(void)
{
	struct task_struct___rp *task;

	if (use_task_storage) {
		task = (void *)bpf_get_current_task_btf();
		return task->thread_info.COMPAT_FIELD & COMPAT_BIT;
	}
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, thread_info.COMPAT_FIELD) & COMPAT_BIT;
}

static __always_inline struct pt_regs___rp *saved_regs(void)
{
	struct task_struct___rp *task;

	if (use_task_storage && bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, stack) + (1UL << RP_STACK_SHIFT) -
	       bpf_core_type_size(struct pt_regs___rp);
}

#define ALL_ARGS ((1U << RP_ARGS) - 1)

/* Argument i, if it is wanted. Each read is a call of a helper. */
#define WANTED_ARG(i, reg) (wanted & 1U << (i) ? BPF_CORE_READ(regs, reg) : 0)

/* The arguments whose bits are in `wanted`. Unchanged by the call; only the result register
 * differs. */
static __always_inline struct args args_in_regs(struct pt_regs___rp *regs, bool compat,
						__u32 wanted)
{
#if defined(__TARGET_ARCH_x86)
	if (compat)
		return (struct args){ { WANTED_ARG(0, bx), WANTED_ARG(1, cx), WANTED_ARG(2, dx),
					WANTED_ARG(3, si), WANTED_ARG(4, di), WANTED_ARG(5, bp) } };
	return (struct args){ { WANTED_ARG(0, di), WANTED_ARG(1, si), WANTED_ARG(2, dx),
				WANTED_ARG(3, r10), WANTED_ARG(4, r8), WANTED_ARG(5, r9) } };
#else
	return (struct args){ { WANTED_ARG(0, orig_x0), WANTED_ARG(1, regs[1]),
				WANTED_ARG(2, regs[2]), WANTED_ARG(3, regs[3]),
				WANTED_ARG(4, regs[4]), WANTED_ARG(5, regs[5]) } };
#endif
}

static __always_inline struct args saved_args(bool compat)
{
	return args_in_regs(saved_regs(), compat, ALL_ARGS);
}

/*
 * What expressions see of a kernel function's argument registers: those of the system call, if it
 * is the function of one. Nothing is read if no expression does.
 */
static __always_inline void read_args_of_syscall(struct pt_regs___rp *regs, struct args *args)
{
	*args = args_in_regs(regs, is_compat(), capture_spec()->reads_args);
}

/* args: where to put them. */
static __always_inline struct entry entry_of_function(struct pt_regs *ctx, struct args *args)
{
	const struct rp_capture_spec *x = capture_spec();

	if (!x->reads_args)
		asm volatile("" : "=m"(*args)); /* nothing reads them */
	else if (x->of_syscall)
		read_args_of_syscall((struct pt_regs___rp *)PT_REGS_PARM1(ctx), args);
	else
		*args = args_of_regs(ctx);
	return (struct entry){ .args = args, .way = BY_KPROBE, .ctx = ctx };
}
