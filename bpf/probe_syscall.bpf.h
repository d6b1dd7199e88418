/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tracepoint: system calls through the raw_syscalls tracepoints, with one pair of programs for all.
 * A task runs one system call at a time, so its frame needs no address.
 *
 * A system call may be detached and attached again. A call entered before that returns unseen and
 * leaves its frame to a later call. The descriptor tells them apart: it differs each time.
 *
 * unseen_syscall.bpf.h explains exits without an entry.
 */
#pragma once

#include "capture.bpf.h"
#include "unseen_syscall.bpf.h"

volatile __u64 syscall_desc[RP_SYSCALLS];	 /* by number; 0: not probed */
volatile __u64 syscall_compat_desc[RP_SYSCALLS]; /* the same for 32-bit programs */

static __always_inline __u64 desc_at(const volatile __u64 *table, __u64 nr)
{
	return nr < RP_SYSCALLS ? table[nr] : 0;
}

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

/*
 * With captures, for probes that have them. A task runs one system call at a time, so its id serves
 * as the address, shifted to leave room for MARKED. No kernel address has that form.
 */
static __always_inline __u64 capture_addr_of_task(void)
{
	return (__u64)(__u32)bpf_get_current_pid_tgid() << 3;
}

static __always_inline void enter_capturing_syscall(struct sys_enter_args *ctx, enum rp_age age,
						    __u64 desc)
{
	struct args args = { { ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], ctx->args[4],
			       ctx->args[5] } };
	struct capture capture = {};

	make_capture(&args, desc, &capture, READ_LATE);
	put_capture(age, RP_KERNEL, 0, capture_addr_of_task(), &capture);
}

static __always_inline int leave_capturing_syscall(enum rp_age age, const struct user_frame *f,
						   __u64 ret, __u64 now)
{
	__u32 id = RP_DESC_ID(f->desc);
	struct capture capture = {};
	bool captured = take_capture(age, RP_KERNEL, 0, capture_addr_of_task(), &capture);

	if (captured && capture.label & CAPTURE_TICKET)
		capture.label = late_label(capture.label, f->desc);
	if (!captured || capture.label == CAPTURE_LOST)
		count_event(RP_EXCLUSIVE, id, RP_EVENT_NO_ENTRY);
	else if (capture.label == CAPTURE_FILTERED)
		count_event(RP_EXCLUSIVE, id, RP_EVENT_FILTERED);
	else
		count_captured_call(&capture, f->desc, ret, now - f->start, RP_EXCLUSIVE);
	return 0;
}

static __always_inline int on_enter(struct sys_enter_args *ctx, bool capturing, enum rp_age age)
{
	__u64 desc;

	if (!is_probed(ctx->id))
		return 0;
	desc = desc_of_call(ctx->id);
	if (!desc)
		return 0;
	if (capturing && RP_DESC_CAPTURE(desc))
		enter_capturing_syscall(ctx, age, desc);
	enter_syscall(desc);
	return 0;
}

static __always_inline int count_syscall(struct sys_exit_args *ctx, bool capturing, enum rp_age age,
					 struct user_frame f, __u64 now)
{
	if (capturing && RP_DESC_CAPTURE(f.desc))
		return leave_capturing_syscall(age, &f, ctx->ret, now);
	count_return(RP_EXCLUSIVE, f.desc, ctx->ret, now - f.start);
	return 0;
}

static __always_inline int on_exit(struct sys_exit_args *ctx, bool capturing, enum rp_age age)
{
	__u64 first = desc_at(syscall_desc, ctx->id), now, desc;
	struct task_frames *t = NULL;
	struct user_frame f = {};

	if (!first)
		first = desc_at(syscall_compat_desc, ctx->id);
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
			return count_syscall(ctx, capturing, age, f, now);
	}
	f = other_frame(ctx->id, first, f, now);
	if (f.desc)
		return count_syscall(ctx, capturing, age, f, now);
	desc = desc_of_call(ctx->id);
	if (desc)
		count_unseen(ctx, capturing, desc, f.start);
	return 0;
}

SEC("tracepoint/raw_syscalls/sys_enter")
int syscall_enter(struct sys_enter_args *ctx)
{
	return on_enter(ctx, false, RP_OLD);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit(struct sys_exit_args *ctx)
{
	return on_exit(ctx, false, RP_OLD);
}

SEC("tracepoint/raw_syscalls/sys_enter")
int syscall_enter_capturing(struct sys_enter_args *ctx)
{
	return on_enter(ctx, true, RP_RECENT);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit_capturing(struct sys_exit_args *ctx)
{
	return on_exit(ctx, true, RP_RECENT);
}

SEC("tracepoint/raw_syscalls/sys_enter")
int syscall_enter_old_capturing(struct sys_enter_args *ctx)
{
	return on_enter(ctx, true, RP_OLD);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit_old_capturing(struct sys_exit_args *ctx)
{
	return on_exit(ctx, true, RP_OLD);
}
