/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Places: the quick way from a return to its entry, for calls of kernel functions.
 *
 * One table for all CPUs, because a task may sleep within a call and return on another. A call has
 * one place in it that it could be at, by its key, and takes it if it is free; else its frame goes
 * the slower way (pairing.bpf.h). Where tasks' stacks lie decides who uses which cache line, so
 * CPUs seldom meet. A lookup is a tenth of what task storage costs, whose lock is taken twice a
 * call.
 *
 * The key names the call among all that run now. So a place with the call's own key is either the
 * call's or a leftover of one whose return never came, and entering takes it over. Claiming needs
 * an atomic compare-and-swap: kernels before 5.12 have no such instruction, and programs for them
 * do without places.
 *
 * A leftover with another key would keep its place for ever. Whether it is one, or a call that
 * takes long, nobody knows, so its frame is set aside in a hash, where its return finds it if it
 * comes. Calls that find the place taken do so, in two steps. The first puts the place on notice:
 * its key is changed, and the quick way of a return no longer finds it. RP_SLOT_AGE later, when
 * every program that may still have seen the old key is over, the second copies the frame and takes
 * the place. `noticed` is changed by compare-and-swap, so of all calls only one takes a step, and
 * the quick way knows nothing of any of this.
 */
#ifndef RP_INFLIGHT_BPF_H
#define RP_INFLIGHT_BPF_H

#include "core.bpf.h"

const volatile __u32 slot_shift; /* 64 - log2(number of places) */

struct slot {
	__u64 key; /* 0: free */
	__u64 start;
	__u64 level;	 /* of fexit's calls; pairing.bpf.h */
	__u64 marked_at; /* when a step was last taken */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slot);
} inflight SEC(".maps");

/* Of calls that have no place (pairing.bpf.h), and those set aside, whose keys are on notice.
 * Kernel stack addresses are all ones above bit 47, so an id fits there and the key stays small. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} kernel_frames SEC(".maps");

#define MARKED 1ULL /* in a place's key; calls' own are even, as addresses on stacks are */

static __always_inline struct slot *slot_of(__u64 key)
{
	__u32 i = rp_hash(key, slot_shift);

	return bpf_map_lookup_elem(&inflight, &i);
}

/* Takes the next step, if it is time for one. The key of the place to clear, if it was the first; 0
 * if there is none. */
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

/* Whether the place, on notice, was the call's own; it is as `key` says then. */
static __always_inline bool change_marked(__u64 *slot, __u64 own, __u64 key)
{
	own |= MARKED;
	return *(volatile __u64 *)slot == own && __sync_val_compare_and_swap(slot, own, key) == own;
}

/* For a call whose place is taken. */
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

/* When the call that returns was entered, if its place was put on notice; or 0. level: as of
 * leave_place(), or NO_LEVEL if the call was set aside. */
static __noinline __u64 leave_marked_slot(__u64 key, __u64 *level)
{
	struct slot *p = slot_of(key);
	__u64 *aside, start;

	if (!p || !level)
		return 0;
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

/* The place that the call which is entered now has from here on, or NULL. */
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

/* When the call that returns was entered; 0 if it has no place. Gives the place back. level: what
 * the call left there, or NULL for those that leave none. */
static __always_inline __u64 leave_slot(__u64 key, __u64 *level)
{
	struct slot *p = slot_of(key);
	__u64 start;

	if (!p || p->key != key)
		return 0;
	start = p->start;
	if (level)
		*level = p->level;
	/* Never 0; the test orders the loads before the store on every machine. */
	if (start | (level ? *level : 0))
		p->key = 0;
	return start;
}

#endif /* RP_INFLIGHT_BPF_H */
