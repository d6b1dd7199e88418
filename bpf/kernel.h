/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Kernel types for the programs: user-space API headers for types that never change, and CO-RE
 * flavours of the few structs that do.
 */
#pragma once

#include <asm/errno.h>
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

/* arch/ARCH/include/asm/thread_info.h: the flag of a 32-bit system call. */
#if defined(__TARGET_ARCH_x86)
#define COMPAT_BIT (1U << 1) /* TS_COMPAT */
struct thread_info___rp {
	__u32 status;
} __attribute__((preserve_access_index));
#define COMPAT_FIELD status
#else
#define COMPAT_BIT   (1UL << 22) /* TIF_32BIT */
struct thread_info___rp {
	unsigned long flags;
} __attribute__((preserve_access_index));
#define COMPAT_FIELD flags
#endif

struct kernfs_node___rp {
	__u64 id;
} __attribute__((preserve_access_index));

struct cgroup_root___rp {
	int hierarchy_id;
} __attribute__((preserve_access_index));

struct cgroup___rp {
	struct cgroup_root___rp *root;
	struct kernfs_node___rp *kn;
} __attribute__((preserve_access_index));

struct css_set___rp {
	struct cgroup___rp *dfl_cgrp;
} __attribute__((preserve_access_index));

struct task_struct___rp {
	struct thread_info___rp thread_info;
	struct css_set___rp *cgroups;
	void *stack;
	unsigned int ptrace;
	__u64 start_time;
	char comm[16];
} __attribute__((preserve_access_index));

/* Since 5.11. */
enum syscall_work_bit___rp { SYSCALL_WORK_BIT_SYSCALL_EMU___rp };

struct thread_info___work {
	unsigned long syscall_work;
} __attribute__((preserve_access_index));

struct task_struct___work {
	struct thread_info___work thread_info;
} __attribute__((preserve_access_index));

/* A kernel may be built without seccomp. */
struct seccomp___rp {
	int mode;
} __attribute__((preserve_access_index));

struct sigset___rp {
	unsigned long sig[1];
} __attribute__((preserve_access_index));

struct sigpending___rp {
	struct sigset___rp signal;
} __attribute__((preserve_access_index));

/* Since 5.11, with the kernel's generic entry code. */
struct syscall_user_dispatch___rp {
	bool on_dispatch;
} __attribute__((preserve_access_index));

struct task_struct___syscall {
	struct seccomp___rp seccomp;
	struct sigpending___rp pending;
	struct syscall_user_dispatch___rp syscall_dispatch;
} __attribute__((preserve_access_index));

/* x86-64 programs with 32-bit pointers set a bit in the numbers of their calls. Most numbers, and
 * the functions behind them, are those of other 64-bit programs. */
#define X32_BIT 0x40000000

/* The saved user-space registers of a task: the kernel's struct pt_regs. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs___rp {
	unsigned long bp, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
} __attribute__((preserve_access_index));
#else
struct pt_regs___rp {
	__u64 regs[31];
	__u64 orig_x0;
	int syscallno;
} __attribute__((preserve_access_index));
#endif

/* Threads of the process that are still alive. */
typedef struct {
	int counter;
} atomic_t___rp;

struct signal_struct___rp {
	atomic_t___rp live;
} __attribute__((preserve_access_index));

struct thread_struct___rp {
	unsigned long fsbase;
} __attribute__((preserve_access_index));

struct task_struct___user {
	struct signal_struct___rp *signal;
	struct thread_struct___rp thread;
} __attribute__((preserve_access_index));

/* include/trace/events/syscalls.h, as perf passes it to a tracepoint program. The fields begin
 * later in kernels whose records have more common fields, as those of real-time kernels. */
struct trace_event_raw_sys_enter___rp {
	long id;
	unsigned long args[6];
} __attribute__((preserve_access_index));

struct trace_event_raw_sys_exit___rp {
	long id;
	long ret;
} __attribute__((preserve_access_index));

/*
 * The address that identifies a call: where the return address is (x86-64), or the stack pointer
 * (arm64). A probe at the first instruction and one at the return compute the same number.
 */
#define ENTRY_ADDR(ctx) PT_REGS_SP(ctx)
#if defined(__TARGET_ARCH_x86)
#define RETURN_ADDR(ctx) (PT_REGS_SP(ctx) - 8)
#else
#define RETURN_ADDR(ctx) PT_REGS_SP(ctx)
#endif

/*
 * The same for multi links. On arm64, their return has no stack pointer (return_to_handler in
 * arch/arm64/kernel/entry-ftrace.S, 7.3), but the caller's frame pointer, as the entry has.
 */
#if defined(__TARGET_ARCH_x86)
#define MULTI_ENTRY_ADDR(ctx)  ENTRY_ADDR(ctx)
#define MULTI_RETURN_ADDR(ctx) RETURN_ADDR(ctx)
#else
#define MULTI_ENTRY_ADDR(ctx)  PT_REGS_FP(ctx)
#define MULTI_RETURN_ADDR(ctx) PT_REGS_FP(ctx)
#endif

#ifndef PT_REGS_PARM6 /* libbpf before 1.3 */
#if defined(__TARGET_ARCH_x86)
#define PT_REGS_PARM6(ctx) ((ctx)->r9)
#else
#define PT_REGS_PARM6(ctx) (((const struct user_pt_regs *)(ctx))->regs[5])
#endif
#endif

/* The first six argument registers of Go's ABIInternal. Volatile, or clang computes the address of
 * a register of either convention, which the verifier refuses. */
#if defined(__TARGET_ARCH_x86)
#define GO_ARG(ctx, reg) (*(const volatile unsigned long *)&(ctx)->reg)
#define GO_ARGS(ctx)                                                                    \
	{                                                                               \
		GO_ARG(ctx, rax), GO_ARG(ctx, rbx), GO_ARG(ctx, rcx), GO_ARG(ctx, rdi), \
			GO_ARG(ctx, rsi), GO_ARG(ctx, r8)                               \
	}
#endif

#ifndef barrier_var
#define barrier_var(var) asm volatile("" : "+r"(var))
#endif
