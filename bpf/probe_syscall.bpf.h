/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tracepoint: system calls by the raw_syscalls tracepoints, one pair of programs for all of them. A
 * task runs one system call at a time, so its frame needs no address.
 *
 * The exit may be seen without its entry and be no loss: the call was entered before we attached,
 * or it is a clone's child, which leaves a system call that it never entered. Either is the first
 * that we see of a task; so a task's first unmatched exit is ignored, and every later one counted.
 */
#ifndef RP_PROBE_SYSCALL_BPF_H
#define RP_PROBE_SYSCALL_BPF_H

#include "pairing.bpf.h"

const volatile __u64 syscall_spec[RP_SYSCALLS];	       /* by number; 0: not probed */
const volatile __u64 syscall_compat_spec[RP_SYSCALLS]; /* by number of 32-bit programs */

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

static __always_inline __u64 spec_at(const volatile __u64 *table, __u64 nr)
{
	return nr < RP_SYSCALLS ? table[nr] : 0;
}

/* Of a task there is one frame, in its storage or in the hash: spec 0 while no call runs, start 0
 * while none has been seen. */
static __always_inline bool put_in_storage(__u64 spec)
{
	struct task_frames *t = frames_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t)
		return false;
	t->syscall_spec = spec;
	t->syscall_start = bpf_ktime_get_ns();
	return true;
}

static __always_inline void put_in_hash(__u64 spec)
{
	struct user_key key = user_key(~0U, 0);
	struct user_frame *f = bpf_map_lookup_elem(&user_frames, &key);
	struct user_frame frame = { .spec = spec };

	if (f) {
		f->spec = spec;
		f->start = bpf_ktime_get_ns();
	} else {
		frame.start = bpf_ktime_get_ns();
		bpf_map_update_elem(&user_frames, &key, &frame, BPF_ANY);
	}
}

static __always_inline struct user_frame take_from_storage(void)
{
	struct task_frames *t = frames_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct user_frame taken = {};

	if (t) {
		taken = (struct user_frame){ t->syscall_start, t->syscall_spec };
		t->syscall_spec = 0;
		t->syscall_start = 1; /* seen */
	}
	return taken;
}

static __always_inline struct user_frame take_from_hash(void)
{
	struct user_key key = user_key(~0U, 0);
	struct user_frame *f = bpf_map_lookup_elem(&user_frames, &key);
	struct user_frame taken = {}, seen = { .start = 1 };

	if (f) {
		taken = *f;
		f->spec = 0;
	} else if (!use_task_storage) {
		bpf_map_update_elem(&user_frames, &key, &seen, BPF_ANY);
	}
	return taken;
}

SEC("tracepoint/raw_syscalls/sys_enter")
int syscall_enter(struct sys_enter_args *ctx)
{
	__u64 native = spec_at(syscall_spec, ctx->id);
	__u64 compat = spec_at(syscall_compat_spec, ctx->id);
	__u64 spec;

	if (!native && !compat)
		return 0;
	spec = is_compat() ? compat : native;
	if (!spec)
		return 0;
	if (!use_task_storage || !put_in_storage(spec))
		put_in_hash(spec);
	return 0;
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit(struct sys_exit_args *ctx)
{
	__u64 native = spec_at(syscall_spec, ctx->id);
	__u64 compat = spec_at(syscall_compat_spec, ctx->id);
	struct user_frame f = {};
	__u64 now, spec;

	if (!native && !compat)
		return 0;
	now = bpf_ktime_get_ns();
	if (use_task_storage)
		f = take_from_storage();
	if (!f.spec) {
		struct user_frame other = take_from_hash();

		if (other.spec)
			f = other;
		else if (!f.start)
			f.start = other.start;
	}
	if (f.spec) {
		count_return(RP_EXCLUSIVE, f.spec, ctx->ret, now - f.start);
		return 0;
	}
	spec = is_compat() ? compat : native;
	if (spec)
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec),
		      f.start ? RP_TALLY_NO_ENTRY : RP_TALLY_IGNORED);
	return 0;
}

#endif /* RP_PROBE_SYSCALL_BPF_H */
