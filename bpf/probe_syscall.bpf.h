/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tracepoint: system calls through the raw_syscalls tracepoints, with one pair of programs for all.
 * A task runs one system call at a time, so its frame needs no address.
 *
 * A system call may be detached and attached again. A call entered before that returns unseen and
 * leaves its frame to a later call. The descriptor tells them apart: it differs each time.
 *
 * Calls with captures go on in programs of their capture spec, by a tail call.
 *
 * Probes without durations have tables and a program of their own at the exit (syscall_count).
 *
 * unseen_syscall.bpf.h explains exits without an entry.
 */
#pragma once

#include "capturing.bpf.h"
#include "unseen_syscall.bpf.h"

volatile __u64 syscall_desc[RP_SYSCALLS];	 /* by number; 0: not probed */
volatile __u64 syscall_compat_desc[RP_SYSCALLS]; /* the same for 32-bit programs */

/* A task has one frame, in task storage or in the hash. Descriptor 0: no call is running. start: of
 * the call, or when the task was last seen outside of a call; 0: never seen. */
static __always_inline bool put_in_storage(__u64 desc)
{
	struct task_frames *t = frames_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t)
		return false;
	t->syscall_desc = desc;
	t->syscall_start = bpf_ktime_get_ns();
	return true;
}

static __always_inline void put_in_hash(__u64 desc)
{
	struct user_key key = user_key(~0U, 0);
	struct user_frame *f = bpf_map_lookup_elem(&user_frames, &key);
	struct user_frame frame = { .desc = desc };

	if (f) {
		f->desc = desc;
		f->start = bpf_ktime_get_ns();
	} else {
		frame.start = bpf_ktime_get_ns();
		bpf_map_update_elem(&user_frames, &key, &frame, BPF_ANY);
		remember_task(key.tid);
	}
}

static __always_inline struct user_frame take_from_storage(struct task_frames *t, __u64 now)
{
	struct user_frame taken = { t->syscall_start, t->syscall_desc };

	t->syscall_desc = 0;
	t->syscall_start = now;
	return taken;
}

static __always_inline struct user_frame take_from_hash(__u64 now)
{
	struct user_key key = user_key(~0U, 0);
	struct user_frame *f = bpf_map_lookup_elem(&user_frames, &key);
	struct user_frame taken = {}, seen = { .start = now };

	if (f) {
		taken = *f;
		f->desc = 0;
	} else if (!use_task_storage) {
		if (is_remembered(key.tid))
			taken.start = EVICTED;
		bpf_map_update_elem(&user_frames, &key, &seen, BPF_ANY);
		remember_task(key.tid);
	}
	return taken;
}

/* ---- the programs that calls with captures go on in ---------------------------------------------
 */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY); /* by capture spec */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} syscall_enter_programs SEC(".maps"), syscall_exit_programs SEC(".maps");

/* What the program at the exit has found out. Programs of perf events run without preemption, so
 * each CPU needs one. */
struct leaving {
	struct user_frame f; /* start 0: the entry was not seen */
	__u64 now;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct leaving);
} leaving SEC(".maps");

static __always_inline struct leaving *leaving_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&leaving, &zero);
}

/* Does not return, unless the program is missing; then the call is lost. */
static __always_inline void go_on_leaving(struct trace_event_raw_sys_exit___rp *ctx,
					  struct user_frame f, __u64 now)
{
	struct leaving *l = leaving_of_cpu();

	if (l) {
		*l = (struct leaving){ f, now };
		bpf_tail_call(ctx, &syscall_exit_programs, RP_DESC_CAPTURE(f.desc) - 1);
	}
	count_event(RP_EXCLUSIVE, RP_DESC_ID(f.desc), RP_EVENT_NO_ENTRY);
}

/* ---- plain programs ----------------------------------------------------------------------------
 */

static __always_inline bool is_probed(__u64 nr)
{
	return desc_at(syscall_desc, nr) || desc_at(syscall_compat_desc, nr);
}

/* The descriptor of the call that enters or leaves now; 0: not probed. */
static __always_inline __u64 desc_of_call(__u64 nr)
{
	return is_compat() ? desc_at(syscall_compat_desc, nr) : desc_at(syscall_desc, nr);
}

static __always_inline void enter_syscall(__u64 desc)
{
	if (!use_task_storage || !put_in_storage(desc))
		put_in_hash(desc);
}

/*
 * The frame of a call that returns, if it is not the common case. f is the frame in task storage. A
 * frame without a descriptor is no frame. The second descriptor is that of 32-bit programs. Any
 * other belongs to another call, or to a time before this one was attached again; it only tells
 * when the task was seen.
 */
static __always_inline struct user_frame other_frame(__u64 nr, __u64 desc, struct user_frame f,
						     __u64 now)
{
	struct user_frame other;

	if (!f.desc) {
		other = take_from_hash(now);
		if (!other.desc && f.start)
			other.start = f.start;
		f = other;
	}
	if (f.desc != desc && f.desc != desc_at(syscall_compat_desc, nr))
		f.desc = 0;
	return f;
}

/* dispatches: a compile-time constant of each program; programs without it pay nothing. */
static __always_inline int on_enter(struct trace_event_raw_sys_enter___rp *ctx, bool dispatches)
{
	__u64 nr = table_index(ctx->id), desc;

	if (!is_probed(nr))
		return 0;
	desc = desc_of_call(nr);
	if (!desc)
		return 0;
	/* If the program is missing, the exit finds no capture, and the call counts as missed. */
	if (dispatches && RP_DESC_CAPTURE(desc))
		bpf_tail_call(ctx, &syscall_enter_programs, RP_DESC_CAPTURE(desc) - 1);
	enter_syscall(desc);
	return 0;
}

static __always_inline int count_syscall(struct trace_event_raw_sys_exit___rp *ctx, bool dispatches,
					 struct user_frame f, __u64 now)
{
	if (dispatches && RP_DESC_CAPTURE(f.desc))
		go_on_leaving(ctx, f, now);
	else
		count_return(RP_EXCLUSIVE, f.desc, ctx->ret, now - f.start);
	return 0;
}

static __always_inline int on_exit(struct trace_event_raw_sys_exit___rp *ctx, bool dispatches)
{
	__u64 nr = table_index(ctx->id), first = desc_at(syscall_desc, nr), now, desc;
	struct task_frames *t = NULL;
	struct user_frame f = {};

	if (!first)
		first = desc_at(syscall_compat_desc, nr);
	if (!first)
		return 0;
	barrier_var(first); /* or clang saves it for calls that are not probed, too */
	now = bpf_ktime_get_ns();
	if (use_task_storage)
		t = frames_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (t) {
		f = take_from_storage(t, now);
		/* The common case, on its own so that it stays short. */
		if (f.desc == first)
			return count_syscall(ctx, dispatches, f, now);
	}
	f = other_frame(nr, first, f, now);
	if (f.desc)
		return count_syscall(ctx, dispatches, f, now);
	desc = desc_of_call(nr);
	if (!desc || !is_answered(ctx, desc, f.start))
		return 0;
	if (dispatches && RP_DESC_CAPTURE(desc))
		go_on_leaving(ctx, (struct user_frame){ .desc = desc }, now);
	else
		count_untimed(RP_EXCLUSIVE, RP_DESC_ID(desc), rp_outcome(desc, ctx->ret));
	return 0;
}

SEC("tracepoint/raw_syscalls/sys_enter")
int syscall_enter(struct trace_event_raw_sys_enter___rp *ctx)
{
	return on_enter(ctx, false);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit(struct trace_event_raw_sys_exit___rp *ctx)
{
	return on_exit(ctx, false);
}

/* If some system calls have captures. */
SEC("tracepoint/raw_syscalls/sys_enter")
int syscall_enter_dispatching(struct trace_event_raw_sys_enter___rp *ctx)
{
	return on_enter(ctx, true);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit_dispatching(struct trace_event_raw_sys_exit___rp *ctx)
{
	return on_exit(ctx, true);
}

/* ---- programs with captures --------------------------------------------------------------------
 */

/* A task runs one system call at a time, so its id serves as the address, shifted to leave room for
 * MARKED. No kernel address has that form. */
static __always_inline __u64 capture_addr_of_task(void)
{
	return (__u64)(__u32)bpf_get_current_pid_tgid() << 3;
}

static __always_inline int enter_capturing_syscall(struct trace_event_raw_sys_enter___rp *ctx,
						   enum rp_store store)
{
	struct args args = { { ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], ctx->args[4],
			       ctx->args[5] } };
	struct entry entry = { .args = &args, .way = AT_RETURN };
	__u64 desc = desc_of_call(table_index(ctx->id));
	struct capture capture = {};

	make_capture(&entry, desc, &capture, READ_LATE);
	put_capture(store, RP_KERNEL, 0, capture_addr_of_task(), &capture);
	enter_syscall(desc);
	return 0;
}

static __always_inline int leave_capturing_syscall(struct trace_event_raw_sys_exit___rp *ctx,
						   enum rp_store store)
{
	struct leaving *l = leaving_of_cpu();
	struct capture capture = {};
	bool captured;
	__u64 desc;

	if (!l)
		return 0;
	desc = l->f.desc;
	if (!l->f.start) {
		if (capture_answered_syscall(&capture, desc))
			count_captured_untimed(ctx, &capture, desc, ctx->ret, RP_EXCLUSIVE);
		return 0;
	}
	captured = take_capture(store, RP_KERNEL, 0, capture_addr_of_task(), &capture);
	if (captured && capture.label & CAPTURE_TICKET)
		capture.label = late_label(capture.label, desc);
	if (!captured || capture.label == CAPTURE_LOST)
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
	else if (capture.label == CAPTURE_FILTERED)
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_FILTERED);
	else
		count_captured_call(RP_EXCLUSIVE, ctx, &capture, desc, ctx->ret,
				    l->now - l->f.start);
	return 0;
}

SEC("tracepoint/raw_syscalls/sys_enter")
int syscall_enter_capturing(struct trace_event_raw_sys_enter___rp *ctx)
{
	return enter_capturing_syscall(ctx, IN_SLOTS);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit_capturing(struct trace_event_raw_sys_exit___rp *ctx)
{
	return leave_capturing_syscall(ctx, IN_SLOTS);
}

SEC("tracepoint/raw_syscalls/sys_enter")
int syscall_enter_old_capturing(struct trace_event_raw_sys_enter___rp *ctx)
{
	return enter_capturing_syscall(ctx, IN_HASH);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit_old_capturing(struct trace_event_raw_sys_exit___rp *ctx)
{
	return leave_capturing_syscall(ctx, IN_HASH);
}

/* ---- without durations --------------------------------------------------------------------------
 */

volatile __u64 syscall_count_desc[RP_SYSCALLS];	       /* by number; 0: not counted */
volatile __u64 syscall_count_compat_desc[RP_SYSCALLS]; /* the same for 32-bit programs */

/* The descriptor of the call that leaves now; 0: not counted. */
static __always_inline __u64 counted_desc(__u64 nr)
{
	if (!desc_at(syscall_count_desc, nr) && !desc_at(syscall_count_compat_desc, nr))
		return 0;
	return is_compat() ? desc_at(syscall_count_compat_desc, nr)
			   : desc_at(syscall_count_desc, nr);
}

/* A system call that is answered with SIGSYS gets its registers back (syscall_rollback()): on x86,
 * the result register then has the number of the call. */
static __always_inline bool may_be_rolled_back(__u64 nr, __u64 ret)
{
#if defined(__TARGET_ARCH_x86)
	return ret == nr;
#else
	return true;
#endif
}

/* Whether a child leaves the call that its parent entered. */
static __always_inline bool is_of_child(__u64 nr, __u64 ret)
{
	if (ret || !(IS_CLONE(nr) || IS_COMPAT_CLONE(nr)))
		return false;
	return is_compat() ? IS_COMPAT_CLONE(nr) : IS_CLONE(nr);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_count(struct trace_event_raw_sys_exit___rp *ctx)
{
	__u64 nr = table_index(ctx->id), ret = ctx->ret, desc = counted_desc(nr);

	if (!desc || is_of_child(nr, ret))
		return 0;
	if (may_be_rolled_back(ctx->id, ret) && may_be_answered() && is_trapped()) {
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_TRAPPED);
		return 0;
	}
	if (RP_DESC_CAPTURE(desc)) {
		bpf_tail_call(ctx, &syscall_exit_programs, RP_DESC_CAPTURE(desc) - 1);
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
		return 0;
	}
	count_return_only(RP_EXCLUSIVE, desc, ret);
	return 0;
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_count_capturing(struct trace_event_raw_sys_exit___rp *ctx)
{
	count_capturing_return_only(RP_EXCLUSIVE, ctx, counted_desc(table_index(ctx->id)),
				    ctx->ret);
	return 0;
}
