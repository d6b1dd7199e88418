/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls that return although their entry was not seen. There are four kinds:
 *
 *   entered before it was attached   not ours: ignored
 *   the child's side of a clone      leaves a call that it never entered: ignored
 *   answered by somebody else        by a seccomp filter, its supervisor or a tracer: counted
 *   lost                             its frame was evicted or a program was skipped: missed
 *
 * A seccomp filter or tracer answers before the kernel reaches sys_enter, and sys_exit follows all
 * the same (kernel/entry/common.c). The result of such a call is known and its duration is not, so
 * it counts as a return and appears in no histogram. A filter may also answer with SIGSYS
 * (SECCOMP_RET_TRAP, and SECCOMP_RET_KILL while the task lives on); then there is no result.
 *
 * A call was entered after it was attached if the task has been seen outside of a call since, or
 * was born since. Otherwise the task's first such call is ignored.
 */
#pragma once

#include "capture.bpf.h"

/* By number: the time (bpf_ktime_get_ns()) from which on the entry of each call is seen. */
volatile __u64 syscall_since[RP_SYSCALLS];
volatile __u64 syscall_compat_since[RP_SYSCALLS];

/* ---- tasks with evicted frames -----------------------------------------------------------------
 */

/*
 * Without task storage, frames are in an LRU hash. A task that had a frame there and has none when
 * its call returns has lost it. There is one bit per thread id. A reused id does no harm: only
 * tasks that were there before we attached are in doubt, and those have their ids still.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} remembered SEC(".maps");

#define EVICTED (~0ULL) /* instead of the time at which a task was seen */

static __always_inline __u64 *remembered_word(__u32 tid)
{
	__u32 word = tid / 64;

	return bpf_map_lookup_elem(&remembered, &word);
}

static __always_inline bool is_remembered(__u32 tid)
{
	__u64 *word = remembered_word(tid);

	return word && *word & 1ULL << (tid & 63);
}

/* Only the task itself sets its bit, so an addition is enough. */
static __always_inline void remember_task(__u32 tid)
{
	__u64 *word = use_task_storage ? NULL : remembered_word(tid);

	if (word && !(*word & 1ULL << (tid & 63)))
		__sync_fetch_and_add(word, 1ULL << (tid & 63));
}

/* ---- which kind --------------------------------------------------------------------------------
 */

#if defined(__TARGET_ARCH_x86)
#define IS_CLONE(nr) ((nr) == 56 || (nr) == 57 || (nr) == 58 || (nr) == 435)
#else
#define IS_CLONE(nr) ((nr) == 220 || (nr) == 435)
#endif
#define IS_COMPAT_CLONE(nr) ((nr) == 2 || (nr) == 120 || (nr) == 190 || (nr) == 435)

/* seen: when the task was last seen outside of a call; 0: never. */
static __always_inline bool is_of_ours(const struct trace_event_raw_sys_exit___rp *ctx, bool compat,
				       bool answered, __u64 seen)
{
	struct task_struct___rp *task = (void *)bpf_get_current_task();
	__u64 nr = ctx->id & (RP_SYSCALLS - 1), since;

	since = compat ? syscall_compat_since[nr] : syscall_since[nr];
	if (seen && seen != EVICTED)
		return seen > since;
	if (!ctx->ret && (compat ? IS_COMPAT_CLONE(nr) : IS_CLONE(nr)))
		return false;
	/* Kernel helper processes also leave a call that they never entered; they have no filter.
	 */
	return seen == EVICTED || (answered && BPF_CORE_READ(task, start_time) > since);
}

/* Whether a filter or tracer may have answered. Unknown without BTF; a return without an entry then
 * counts as missed. */
static __always_inline bool may_be_answered(void)
{
	struct task_struct___rp *task = (void *)bpf_get_current_task();
	struct task_struct___syscall *s = (void *)task;

	if (!bpf_core_field_exists(task->start_time))
		return false;
	if (bpf_core_field_exists(s->seccomp) && BPF_CORE_READ(s, seccomp.mode))
		return true;
	return BPF_CORE_READ(task, ptrace);
}

static __always_inline bool is_trapped(void)
{
	struct task_struct___syscall *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, pending.signal.sig[0]) & 1UL << (31 - 1); /* SIGSYS */
}

/* ---- counting -------------------------------------------------------------------------------- */

/* Whether to count a return without an entry, because somebody else answered the call. Counts the
 * event if the call was lost or has no result. */
static __always_inline bool is_answered(const struct trace_event_raw_sys_exit___rp *ctx, __u64 desc,
					__u64 seen)
{
	bool answered = may_be_answered();

	if (!is_of_ours(ctx, is_compat(), answered, seen))
		return false;
	if (!answered || seen == EVICTED)
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_NO_ENTRY);
	else if (is_trapped())
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_TRAPPED);
	else
		return true;
	return false;
}

/* Fills the capture of a call that somebody else has answered. capture: zeroed; the caller's, as
 * there is little stack left. False: a filter rejects the call. */
static __always_inline bool capture_answered_syscall(struct capture *capture, __u64 desc)
{
	struct args args = saved_args(is_compat());
	struct entry entry = { .args = &args, .way = AT_RETURN };

	if (make_capture(&entry, desc, capture, UNREADABLE_IN_LITTLE_STACK))
		return true;
	count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_FILTERED);
	return false;
}
