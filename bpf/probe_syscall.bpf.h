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

static __always_inline struct user_key syscall_key(void)
{
	return (struct user_key){ 0, (__u32)bpf_get_current_pid_tgid(), ~0U };
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

	if (use_task_storage) {
		struct task_frames *t = frames_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);

		if (!t)
			return 0;
		t->syscall_spec = spec;
		t->syscall_start = bpf_ktime_get_ns();
	} else {
		struct user_key key = syscall_key();
		struct user_frame *f = bpf_map_lookup_elem(&user_frames, &key);
		struct user_frame frame = { .spec = spec };

		if (f) {
			f->spec = spec;
			f->start = bpf_ktime_get_ns();
			return 0;
		}
		frame.start = bpf_ktime_get_ns();
		bpf_map_update_elem(&user_frames, &key, &frame, BPF_ANY);
	}
	return 0;
}

/* Takes the task's frame: its spec, or 0; *start is 0 if this is the first that is seen of it. */
static __always_inline __u64 take_syscall(__u64 *start)
{
	__u64 spec = 0;

	if (use_task_storage) {
		struct task_frames *t = frames_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);

		if (!t)
			return 0;
		spec = t->syscall_spec;
		*start = t->syscall_start;
		t->syscall_spec = 0;
		t->syscall_start = 1;
	} else {
		struct user_key key = syscall_key();
		struct user_frame *f = bpf_map_lookup_elem(&user_frames, &key);
		struct user_frame seen = { .start = 1 };

		if (f) {
			spec = f->spec;
			*start = f->start;
			f->spec = 0;
		} else {
			bpf_map_update_elem(&user_frames, &key, &seen, BPF_ANY);
		}
	}
	return spec;
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit(struct sys_exit_args *ctx)
{
	__u64 native = spec_at(syscall_spec, ctx->id);
	__u64 compat = spec_at(syscall_compat_spec, ctx->id);
	__u64 now, start = 0, spec;

	if (!native && !compat)
		return 0;
	now = bpf_ktime_get_ns();
	spec = take_syscall(&start);
	if (spec) {
		count_return(RP_EXCLUSIVE, spec, ctx->ret, now - start);
		return 0;
	}
	spec = is_compat() ? compat : native;
	if (spec)
		tally(RP_EXCLUSIVE, RP_SPEC_ID(spec),
		      start ? RP_TALLY_NO_ENTRY : RP_TALLY_IGNORED);
	return 0;
}

#endif /* RP_PROBE_SYSCALL_BPF_H */
