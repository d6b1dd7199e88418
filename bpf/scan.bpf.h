/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls in progress: a task iterator that looks for the probed functions in each task. Calls pay
 * nothing for it.
 *
 * Kernel functions are found by the return addresses in the task's kernel stack. A probe may have
 * replaced the return address of a function by a trampoline. Those of the functions that it calls
 * are inside it nevertheless. User functions, and system calls that are attached by tracepoints,
 * are found by their frames, which pairing keeps. Other system calls are found by the number in the
 * registers with which their task entered the kernel: their functions often end in a jump to
 * another one, and so are in no stack.
 *
 * Only tasks that are off the CPU are looked at: the stack of a running task changes while it is
 * read. A task that was switched in meanwhile is left out. The number of its switches tells.
 */
#pragma once

#include "scan.h"
#include "probe_answered.bpf.h"
#include "probe_syscall.bpf.h"

const volatile __u32 scan_ranges;   /* entries of `ranges` */
const volatile bool scan_stacks;    /* stacks may be read */
const volatile bool scan_syscalls;  /* look for system calls by their frames */
const volatile bool scan_functions; /* look for those that are attached by their functions */
const volatile bool scan_user;	    /* look for user functions */

volatile struct rp_scan_state scan_state;

/* Ascending, without overlaps. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_range);
} ranges SEC(".maps");

#define RANGE_STEPS 17 /* log2(RP_MAX_TARGETS) + 1 */

struct scan_buffer {
	struct rp_scan_task task;
	struct rp_scan_call calls[RP_SCAN_CALLS];
	__u64 addrs[RP_SCAN_DEPTH];
	__u32 inner, innermost; /* what scan_function_of() found for the two frames before */
};

/* Of the only reader of the iterator. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scan_buffer);
} scan_buffers SEC(".maps");

struct task_struct___scan {
	struct thread_info___rp thread_info;
	void *stack;
	unsigned int flags;
	unsigned int on_cpu; /* a byte on 7.x: only unsigned loads adapt */
	int exit_state;
	int pid, tgid;
	unsigned long nvcsw, nivcsw;
	__u64 start_time;
	char comm[16];
	struct css_set___rp *cgroups;
} __attribute__((preserve_access_index));

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* The registers with which a task entered the kernel. */
struct pt_regs___scan {
#if defined(__TARGET_ARCH_x86)
	unsigned long ax, orig_ax, sp;
#else
	__u64 regs[31], orig_x0, sp;
	int syscallno;
#endif
} __attribute__((preserve_access_index));

struct bpf_iter_meta___rp {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
	struct bpf_iter_meta___rp *meta;
	struct task_struct___scan *task;
};

static __always_inline bool is_on_cpu(struct task_struct___scan *task)
{
	return bpf_core_field_exists(task->on_cpu) && task->on_cpu;
}

static __always_inline __u64 switches_of(struct task_struct___scan *task)
{
	return task->nvcsw + task->nivcsw;
}

static __always_inline void add_call(struct scan_buffer *b, __u32 id, __u32 frame, __u64 start)
{
	__u32 n = b->task.ncalls;
	struct rp_scan_call *c;

	barrier_var(n); /* or clang moves the check, and the verifier loses it */
	if (n >= RP_SCAN_CALLS) {
		scan_state.unlisted++;
		return;
	}
	c = &b->calls[n];
	c->start = start;
	c->id = id;
	c->frame = frame;
	b->task.ncalls = n + 1;
}

/* ---- kernel functions --------------------------------------------------------------------------
 */

/* Returns from the call at the beginning of a function, which ftrace patches, end up in these
 * bytes; the function's own calls come later. x86-64: endbr64, call. arm64: bti, mov, bl. */
#if defined(__TARGET_ARCH_x86)
#define PATCHED_BYTES 9
#else
#define PATCHED_BYTES 12
#endif

#define PATCHED (1U << 31)

/* The probed function that a return address is in: 1 + its id, or 0. With PATCHED, the address is
 * in its first bytes. Global, so that the verifier looks at it once, and not for each frame. A
 * return address may be the end of the function. */
__noinline __u32 scan_function_of(__u64 addr)
{
	__u32 first = 0, end = scan_ranges;

	for (int i = 0; i < RANGE_STEPS && first < end; i++) {
		__u32 middle = (first + end) / 2;
		struct rp_range *r = bpf_map_lookup_elem(&ranges, &middle);

		if (!r)
			return 0;
		if (addr <= r->start)
			end = middle;
		else if (addr > r->end)
			first = middle + 1;
		else
			return (r->id + 1) | (addr - r->start <= PATCHED_BYTES ? PATCHED : 0);
	}
	return 0;
}

static __always_inline __u32 read_stack(struct scan_buffer *b, struct task_struct___scan *task)
{
	long size = bpf_get_task_stack((void *)task, b->addrs, sizeof(b->addrs), 0);

	b->task.naddrs = size > 0 ? size / sizeof(__u64) : 0;
	return b->task.naddrs;
}

/*
 * Of a call through a trampoline, the stack has up to three frames: of the function, of the
 * trampoline, and of the function's first bytes. The first is missing if the function has ended in
 * a jump to another one. Global, like scan_function_of().
 */
__noinline int scan_frame(__u32 i)
{
	__u32 zero = 0, found, function;
	struct scan_buffer *b = bpf_map_lookup_elem(&scan_buffers, &zero);

	if (!b || i >= RP_SCAN_DEPTH)
		return 0;
	found = scan_function_of(b->addrs[i]);
	function = found & ~PATCHED;
	if (function && (found == function || (function != b->inner && function != b->innermost)))
		add_call(b, function - 1, i, 0);
	b->innermost = b->inner;
	b->inner = found;
	return 0;
}

static __always_inline void scan_stack(struct scan_buffer *b, struct task_struct___scan *task)
{
	__u32 n = read_stack(b, task);

	b->inner = b->innermost = 0;
	for (__u32 i = 0; i < RP_SCAN_DEPTH && i < n; i++)
		scan_frame(i);
}

/* ---- system calls and user functions -----------------------------------------------------------
 */

static __always_inline struct pt_regs___scan *regs_of(struct task_struct___scan *task)
{
	if (use_task_storage && bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs((void *)task);
	return task->stack + (1UL << RP_STACK_SHIFT) - bpf_core_type_size(struct pt_regs___scan);
}

/* Number of the system call that a task is in, or a number that no call has. */
static __always_inline __u64 syscall_of(struct task_struct___scan *task)
{
	struct pt_regs___scan *regs = regs_of(task);

#if defined(__TARGET_ARCH_x86)
	return table_index(BPF_CORE_READ(regs, orig_ax));
#else
	return (__u32)BPF_CORE_READ(regs, syscallno);
#endif
}

/* The frame may be left over from an earlier call. So it must match the task's current one. */
static __always_inline void scan_syscall(struct scan_buffer *b, struct task_struct___scan *task,
					 __u64 desc, __u64 start)
{
	__u64 nr;

	if (!desc)
		return;
	nr = syscall_of(task);
	if (desc == desc_at(syscall_desc, nr) || desc == desc_at(syscall_compat_desc, nr))
		add_call(b, RP_DESC_ID(desc), RP_SCAN_NO_FRAME, start);
}

/* Whether the call has no result yet. On x86-64 -ENOSYS stands in its place until then, and on
 * arm64 the first argument. */
static __always_inline bool lacks_result(struct task_struct___scan *task)
{
	struct pt_regs___scan *regs = regs_of(task);

#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(regs, ax) == -38UL /* ENOSYS */;
#else
	return BPF_CORE_READ(regs, regs[0]) == BPF_CORE_READ(regs, orig_x0);
#endif
}

/* System calls that are attached by their functions have no frames. The saved registers tell which
 * one a task is in. */
static __always_inline void scan_functions_call(struct scan_buffer *b,
						struct task_struct___scan *task)
{
	__u64 desc =
		desc_of_functions(syscall_of(task), task->thread_info.COMPAT_FIELD & COMPAT_BIT);

	if (desc && lacks_result(task))
		add_call(b, RP_DESC_ID(desc), RP_SCAN_NO_FRAME, 0);
}

/* Frames below the stack pointer are leftovers: a stack grows down. */
static __always_inline void scan_user_frames(struct scan_buffer *b, struct task_struct___scan *task,
					     struct task_frames *t)
{
	__u64 sp = BPF_CORE_READ(regs_of(task), sp);
	__u32 n = t->n;

	for (__u32 i = 0; i < RP_FRAMES; i++) {
		struct frame *f = frame_at(t, i);

		if (i >= n)
			break;
		if (!(f->addr >> 63) && f->addr >= sp)
			add_call(b, f->id, RP_SCAN_NO_FRAME, f->start);
	}
}

static __always_inline void scan_frames(struct scan_buffer *b, struct task_struct___scan *task)
{
	struct user_key key = { .tid = task->pid, .id = ~0U };

	if (use_task_storage) {
		struct task_frames *t = bpf_task_storage_get(&task_frames, (void *)task, NULL, 0);

		if (t && scan_user)
			scan_user_frames(b, task, t);
		if (t && scan_syscalls)
			scan_syscall(b, task, t->syscall_desc, t->syscall_start);
	} else if (scan_syscalls) {
		struct user_frame *f = bpf_map_lookup_elem(&user_frames, &key);

		if (f)
			scan_syscall(b, task, f->desc, f->start);
	}
}

/* ---- the iterator ------------------------------------------------------------------------------
 */

static __always_inline void describe_task(struct scan_buffer *b, struct task_struct___scan *task)
{
	struct rp_scan_task *t = &b->task;

	t->start_time = task->start_time;
	t->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	t->stack = (__u64)task->stack;
	t->pid = task->tgid;
	t->tid = task->pid;
	bpf_probe_read_kernel(t->comm, sizeof(t->comm), &task->comm);
}

static __always_inline void write_array(struct seq_file *seq, const void *v, __u32 n, __u32 size,
					__u32 max)
{
	__u32 len = n * size;

	barrier_var(len);
	if (len <= max)
		bpf_seq_write(seq, v, len);
}

/* 1 returns what has been found so far to the reader, and comes back to the same task. */
SEC("iter/task")
int scan_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct___scan *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct scan_buffer *b;
	__u32 zero = 0;
	__u64 before;

	if (!task)
		return 0;
	if (!scan_state.budget)
		return 1;
	scan_state.budget--;
	scan_state.tasks++;
	b = bpf_map_lookup_elem(&scan_buffers, &zero);
	if (!b || is_on_cpu(task) || task->exit_state)
		return 0;
	before = switches_of(task);
	b->task.switches = before;
	b->task.ncalls = b->task.naddrs = 0;
	if (scan_ranges)
		scan_stack(b, task);
	if ((scan_syscalls || scan_user) && !(task->flags & PF_KTHREAD))
		scan_frames(b, task);
	if (scan_functions && !(task->flags & PF_KTHREAD))
		scan_functions_call(b, task);
	if (b->task.ncalls && !scan_ranges && scan_stacks)
		read_stack(b, task);
	if (!b->task.ncalls || is_on_cpu(task) || switches_of(task) != before)
		return 0;
	describe_task(b, task);
	scan_state.bias = (__u64)&slot_shift;
	bpf_seq_write(seq, &b->task, sizeof(b->task));
	write_array(seq, b->calls, b->task.ncalls, sizeof(b->calls[0]), sizeof(b->calls));
	write_array(seq, b->addrs, b->task.naddrs, sizeof(b->addrs[0]), sizeof(b->addrs));
	return 0;
}
