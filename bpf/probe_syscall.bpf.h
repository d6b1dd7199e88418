/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tracepoint: system calls by the raw_syscalls tracepoints, one pair of programs for all of them. A
 * task runs one system call at a time, so its frame needs no address.
 *
 * A system call may be detached and attached again. A call that was entered before returns unseen,
 * and leaves its frame to a later one. The spec tells: each time it is attached it is another.
 *
 * What an exit without an entry is, unseen_syscall.bpf.h says.
 */
#ifndef RP_PROBE_SYSCALL_BPF_H
#define RP_PROBE_SYSCALL_BPF_H

#include "notes.bpf.h"
#include "unseen_syscall.bpf.h"

volatile __u64 syscall_spec[RP_SYSCALLS];	 /* by number; 0: not probed */
volatile __u64 syscall_compat_spec[RP_SYSCALLS]; /* by number of 32-bit programs */

static __always_inline __u64 spec_at(const volatile __u64 *table, __u64 nr)
{
	return nr < RP_SYSCALLS ? table[nr] : 0;
}

/* Of a task there is one frame, in its storage or in the hash: spec 0 while no call runs. start: of
 * the call, or when the task was last seen outside of one; 0: it has not been seen. */
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
		remember_task(key.tid);
	}
}

static __always_inline struct user_frame take_from_storage(struct task_frames *t, __u64 now)
{
	struct user_frame taken = { t->syscall_start, t->syscall_spec };

	t->syscall_spec = 0;
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
		f->spec = 0;
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
	return spec_at(syscall_spec, nr) || spec_at(syscall_compat_spec, nr);
}

/* Of the call that is entered or left now; 0: it is not probed. */
static __always_inline __u64 spec_of_call(__u64 nr)
{
	return is_compat() ? spec_at(syscall_compat_spec, nr) : spec_at(syscall_spec, nr);
}

static __always_inline void enter_syscall(__u64 spec)
{
	if (!use_task_storage || !put_in_storage(spec))
		put_in_hash(spec);
}

/*
 * The frame of a call that returns and whose own storage has f, which is not the number's first
 * spec. Without a spec there is none. The second spec is that of 32-bit programs; any other is left
 * over from another call, or from before this one was attached again, and says when the task was
 * seen.
 */
static __always_inline struct user_frame other_frame(__u64 nr, __u64 spec, struct user_frame f,
						     __u64 now)
{
	struct user_frame other;

	if (!f.spec) {
		other = take_from_hash(now);
		if (!other.spec && f.start)
			other.start = f.start;
		f = other;
	}
	if (f.spec != spec && f.spec != spec_at(syscall_compat_spec, nr))
		f.spec = 0;
	return f;
}

/*
 * With notes, of those calls that have extras. A task runs one system call at a time, so its id is
 * the note's address, with room for ON_NOTICE; kernel addresses are no ids.
 */
static __always_inline __u64 note_addr_of_task(void)
{
	return (__u64)(__u32)bpf_get_current_pid_tgid() << 3;
}

static __always_inline void enter_noted_syscall(struct sys_enter_args *ctx, enum rp_age age,
						__u64 spec)
{
	struct args args = { { ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], ctx->args[4],
			       ctx->args[5] } };
	struct note note = {};

	make_note(&args, spec, &note, READ_LATE);
	put_note(age, RP_KERNEL, 0, note_addr_of_task(), &note);
}

static __always_inline int leave_noted_syscall(enum rp_age age, const struct user_frame *f,
					       __u64 ret, __u64 now)
{
	__u32 id = RP_SPEC_ID(f->spec);
	struct note note = {};
	bool noted = take_note(age, RP_KERNEL, 0, note_addr_of_task(), &note);

	if (noted && note.label & NOTE_TICKET)
		note.label = late_label(note.label, f->spec);
	if (!noted || note.label == NOTE_LOST)
		tally(RP_EXCLUSIVE, id, RP_TALLY_NO_ENTRY);
	else if (note.label == NOTE_FILTERED)
		tally(RP_EXCLUSIVE, id, RP_TALLY_FILTERED);
	else
		count_noted_call(&note, f->spec, ret, now - f->start, RP_EXCLUSIVE);
	return 0;
}

static __always_inline int on_enter(struct sys_enter_args *ctx, bool noted, enum rp_age age)
{
	__u64 spec;

	if (!is_probed(ctx->id))
		return 0;
	spec = spec_of_call(ctx->id);
	if (!spec)
		return 0;
	if (noted && RP_SPEC_EXTRA(spec))
		enter_noted_syscall(ctx, age, spec);
	enter_syscall(spec);
	return 0;
}

static __always_inline int count_syscall(struct sys_exit_args *ctx, bool noted, enum rp_age age,
					 struct user_frame f, __u64 now)
{
	if (noted && RP_SPEC_EXTRA(f.spec))
		return leave_noted_syscall(age, &f, ctx->ret, now);
	count_return(RP_EXCLUSIVE, f.spec, ctx->ret, now - f.start);
	return 0;
}

static __always_inline int on_exit(struct sys_exit_args *ctx, bool noted, enum rp_age age)
{
	__u64 first = spec_at(syscall_spec, ctx->id), now, spec;
	struct task_frames *t = NULL;
	struct user_frame f = {};

	if (!first)
		first = spec_at(syscall_compat_spec, ctx->id);
	if (!first)
		return 0;
	barrier_var(first); /* or clang saves it for calls that are not probed, too */
	now = bpf_ktime_get_ns();
	if (use_task_storage)
		t = frames_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (t) {
		f = take_from_storage(t, now);
		/* Nearly every call: by itself, so that it takes no instruction too many. */
		if (f.spec == first)
			return count_syscall(ctx, noted, age, f, now);
	}
	f = other_frame(ctx->id, first, f, now);
	if (f.spec)
		return count_syscall(ctx, noted, age, f, now);
	spec = spec_of_call(ctx->id);
	if (spec)
		count_unseen(ctx, noted, spec, f.start);
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
int syscall_enter_noted(struct sys_enter_args *ctx)
{
	return on_enter(ctx, true, RP_RECENT);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit_noted(struct sys_exit_args *ctx)
{
	return on_exit(ctx, true, RP_RECENT);
}

SEC("tracepoint/raw_syscalls/sys_enter")
int syscall_enter_old_noted(struct sys_enter_args *ctx)
{
	return on_enter(ctx, true, RP_OLD);
}

SEC("tracepoint/raw_syscalls/sys_exit")
int syscall_exit_old_noted(struct sys_exit_args *ctx)
{
	return on_exit(ctx, true, RP_OLD);
}

#endif /* RP_PROBE_SYSCALL_BPF_H */
