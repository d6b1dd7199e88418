/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * In-flight slots: the fast path from a return to its entry, for calls of kernel functions.
 *
 * One table serves all CPUs, because a task may sleep in a call and return on another CPU. A call
 * hashes to exactly one slot. If that slot is busy, its frame takes the slow path (pairing.bpf.h).
 * The address of a task's stack decides which cache line it uses, so CPUs rarely share one. A
 * look-up costs a tenth of task storage, which takes a lock twice per call.
 *
 * The key identifies a call among all that are running. So a slot with the call's own key belongs
 * to the call, or is left over from a call whose return never came; an entry takes it over.
 * Claiming a slot needs an atomic compare-and-swap. Kernels before 5.12 have no such instruction,
 * and programs for them do without slots.
 *
 * A leftover with another key would occupy its slot for ever, but it cannot be told from a call
 * that takes long. So its frame moves to a hash, where its return still finds it. Calls that find
 * the slot busy move it, in two steps. The first marks the key, so that the fast path of a return
 * no longer finds it. The second comes RP_SLOT_AGE later, when no program that saw the old key can
 * still be running; it copies the frame and takes the slot. A compare-and-swap of `marked_at` lets
 * only one call take a step. The fast path pays nothing for this.
 */
#pragma once

#include "core.bpf.h"

const volatile __u32 slot_shift; /* 64 - log2(number of slots) */

struct slot {
	__u64 key; /* 0: free */
	__u64 start;
	__u64 level;	 /* of calls through fexit; see pairing.bpf.h */
	__u64 marked_at; /* time of the last step */
};

/* The exporter maps it, and looks for start times. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slot);
} inflight SEC(".maps");
_Static_assert(sizeof(struct slot) == 8 * RP_SLOT_WORDS, "the exporter reads it");

/*
 * Frames of calls without a slot (pairing.bpf.h), and frames moved out of theirs, with marked keys.
 * Bits 47 and up of a kernel stack address are all ones, so an id fits there and the key stays
 * small.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} kernel_frames SEC(".maps");

#define MARKED 1ULL /* in the key of a slot; unmarked keys are even, like stack addresses */

static __always_inline struct slot *slot_of(__u64 key)
{
	__u32 i = rp_hash(key, slot_shift);

	return bpf_map_lookup_elem(&inflight, &i);
}

/* Takes the next step if it is due. Returns the key to clear after the second step, else 0. */
static __always_inline __u64 key_to_clear(__u64 *key, __u64 *marked_at)
{
	__u64 when = *(volatile __u64 *)marked_at, now = bpf_ktime_get_ns();
	__u64 taken = *(volatile __u64 *)key;

	if (!taken || (__s64)(now - when) <= RP_SLOT_AGE ||
	    __sync_val_compare_and_swap(marked_at, when, now) != when)
		return 0;
	if (taken & MARKED)
		return taken;
	__sync_val_compare_and_swap(key, taken, taken | MARKED);
	return 0;
}

/* Replaces the marked key `own` by `key`. False: the slot does not hold it. */
static __always_inline bool change_marked(__u64 *slot, __u64 own, __u64 key)
{
	own |= MARKED;
	return *(volatile __u64 *)slot == own && __sync_val_compare_and_swap(slot, own, key) == own;
}

/* Slow path of take_slot(): the slot is busy. */
static __noinline bool clear_slot(struct slot *p, __u64 key, __u32 id)
{
	__u64 old, start;

	if (!p)
		return false;
	if (change_marked(&p->key, key, key)) {
		count_event(RP_EXCLUSIVE, id, RP_EVENT_STALE);
		return true;
	}
	old = key_to_clear(&p->key, &p->marked_at);
	if (!old)
		return false;
	start = p->start;
	if (bpf_map_update_elem(&kernel_frames, &old, &start, BPF_ANY))
		return false;
	if (__sync_val_compare_and_swap(&p->key, old, key) == old)
		return true;
	bpf_map_delete_elem(&kernel_frames, &old);
	return false;
}

#define NO_LEVEL (~0ULL)

/* Slow path of leave_slot(). Returns the entry time of a call whose slot was marked, or 0. *level:
 * as in leave_slot(), or NO_LEVEL if the frame had moved to the hash. */
static __noinline __u64 leave_marked_slot(struct slot *p, __u64 key, __u64 *level)
{
	__u64 *aside, start;

	start = p->start;
	*level = p->level;
	if (change_marked(&p->key, key, 0))
		return start;
	*level = NO_LEVEL;
	key |= MARKED;
	aside = bpf_map_lookup_elem(&kernel_frames, &key);
	if (!aside)
		return 0;
	start = *aside;
	bpf_map_delete_elem(&kernel_frames, &key);
	return start;
}

/* Claims the slot of a call that enters; NULL if it is busy. */
static __always_inline struct slot *take_slot(enum rp_context c, __u32 id, __u64 key)
{
	struct slot *p = slot_of(key);

	if (!p)
		return NULL;
	if (p->key == key)
		count_event(c, id, RP_EVENT_STALE);
	else if ((p->key || __sync_val_compare_and_swap(&p->key, 0, key)) &&
		 !clear_slot(p, key, id))
		return NULL;
	p->start = bpf_ktime_get_ns();
	return p;
}

/* Returns the entry time of a call that returns, and frees its slot; 0 if it has none. level:
 * receives what the entry stored there; may be NULL. */
static __always_inline __u64 leave_slot(__u64 key, __u64 *level)
{
	struct slot *p = slot_of(key);
	__u64 start;

	if (!p || p->key != key)
		return 0;
	start = p->start;
	if (level)
		*level = p->level;
	/* Never 0. The test orders the loads before the store on every machine. */
	if (start | (level ? *level : 0))
		p->key = 0;
	return start;
}
