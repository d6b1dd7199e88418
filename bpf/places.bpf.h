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
 * call's or a leftover of one whose return never came, and entering takes it over; a leftover with
 * another key only makes calls take the slower way. Claiming needs an atomic compare-and-swap:
 * kernels before 5.12 have no such instruction, and programs for them do without places.
 */
#ifndef RP_PLACES_BPF_H
#define RP_PLACES_BPF_H

#include "core.bpf.h"

const volatile __u32 place_shift; /* 64 - log2(number of places) */

struct place {
	__u64 key; /* 0: free */
	__u64 start;
	__u64 level; /* of fexit's calls; pairing.bpf.h */
	__u64 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct place);
} places SEC(".maps");

static __always_inline struct place *place_of(__u64 key)
{
	__u32 i = rp_hash(key, place_shift);

	return bpf_map_lookup_elem(&places, &i);
}

/* The place that the call which is entered now has from here on, or NULL. */
static __always_inline struct place *take_place(enum rp_context c, __u32 id, __u64 key)
{
	struct place *p = place_of(key);

	if (!p)
		return NULL;
	if (p->key == key)
		tally(c, id, RP_TALLY_STALE);
	else if (p->key || __sync_val_compare_and_swap(&p->key, 0, key))
		return NULL;
	p->start = bpf_ktime_get_ns();
	return p;
}

/* When the call that returns was entered; 0 if it has no place. Gives the place back. level: what
 * the call left there, or NULL for those that leave none. */
static __always_inline __u64 leave_place(__u64 key, __u64 *level)
{
	struct place *p = place_of(key);
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

#endif /* RP_PLACES_BPF_H */
