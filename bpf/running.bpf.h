/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Running spans. Each is in a slot of its span's table, or in a hash: where its slot has another
 * span, where a task or an interrupted program is about to change the slot, in spans without slots,
 * and before 5.12, which has no compare-and-swap. A slot costs a tenth of the hash, which takes a
 * lock twice per span. The exporter makes both (object/spans.c).
 *
 * Whoever takes a span from its slot or from the hash counts it. So each span that has begun is in
 * one number: ended, cancelled, replaced, or no room; else it is running. This holds also if points
 * of one key meet on several CPUs. Only the times can then be those of the other span.
 *
 * Nobody waits for a slot. Each change of one increments the number in its state, so a
 * compare-and-swap of the state fails if anything has changed since the state was read.
 */
#pragma once

#include "capture.bpf.h"

struct span_key {
	__u64 word[RP_SPAN_KEYS];
};

/* Both stand for those of a program's span. Keys of the hash have as many words as the span's. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct span_key);
	__type(value, struct rp_span);
} running_spans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_span_slot);
} span_slots SEC(".maps");

#define SPAN_TRIES 4 /* against other CPUs with the same key */

/* ---- slots -----------------------------------------------------------------------------------
 */

/* No later load may come before it. */
static __always_inline __u64 load_acquire(__u64 *p)
{
#ifdef __TARGET_ARCH_x86
	__u64 v = *(volatile __u64 *)p;

	asm volatile("" ::: "memory");
	return v;
#else
	return __sync_fetch_and_add(p, 0);
#endif
}

/* NULL: the span has none. */
static __always_inline struct rp_span_slot *slot_of_span(const struct span_key *key)
{
	const struct rp_capture_spec *x = capture_spec();
	__u64 mixed = key->word[0];
	__u32 i;

	if (!x->slot_shift)
		return NULL;
	for (i = 1; i < RP_SPAN_KEYS; i++)
		if (i < x->nkeys)
			mixed = 31 * mixed + key->word[i];
	i = rp_hash(mixed, x->slot_shift);
	return bpf_map_lookup_elem(&span_slots, &i);
}

static __always_inline bool has_key(const struct rp_span_slot *p, const struct span_key *key)
{
	for (__u32 i = 0; i < RP_SPAN_KEYS; i++)
		if (i < capture_spec()->nkeys && p->key[i] != key->word[i])
			return false;
	return true;
}

static __always_inline __u64 next_state(__u64 state, enum rp_span_phase phase)
{
	return (state | RP_SPAN_PHASES) + 1 + phase;
}

/* False: the span belongs in the hash. A free slot is left alone while the hash has keys of it: one
 * of them may be this one. */
static __always_inline bool put_span_in_slot(struct rp_span_slot *p, const struct span_key *key,
					     const struct rp_span *span, __u32 id)
{
	__u64 state = load_acquire(&p->state);
	bool runs = (state & RP_SPAN_PHASES) == RP_SPAN_RUNNING;

	if (runs ? !has_key(p, key) : (state & RP_SPAN_PHASES) == RP_SPAN_CHANGING || p->aside)
		return false;
	if (__sync_val_compare_and_swap(&p->state, state, next_state(state, RP_SPAN_CHANGING)) !=
	    state)
		return false;
	if (runs)
		count_event(RP_PREEMPTIBLE, id, RP_SPAN_REPLACED);
	p->span = *span;
	for (__u32 i = 0; i < RP_SPAN_KEYS; i++)
		if (i < capture_spec()->nkeys)
			p->key[i] = key->word[i];
	__sync_lock_test_and_set(&p->state, next_state(state, RP_SPAN_RUNNING)); /* a barrier */
	return true;
}

static __always_inline bool take_span_from_slot(struct rp_span_slot *p, const struct span_key *key,
						struct rp_span *taken)
{
	__u64 state = load_acquire(&p->state);

	if ((state & RP_SPAN_PHASES) != RP_SPAN_RUNNING || !has_key(p, key))
		return false;
	*taken = p->span;
	return __sync_val_compare_and_swap(&p->state, state, next_state(state, RP_SPAN_FREE)) ==
	       state;
}

/* ---- the hash --------------------------------------------------------------------------------
 */

/* p: the slot of the key, or NULL. */
static __always_inline void count_aside(struct rp_span_slot *p, __u64 n)
{
	if (p)
		add(RP_PREEMPTIBLE, &p->aside, n);
}

/* False: there is none, or no room. */
static __always_inline bool put_hashed_span(const struct span_key *key, const struct rp_span *span,
					    struct rp_span_slot *p, __u32 id)
{
	count_aside(p, 1);
	for (int i = 0; i < SPAN_TRIES; i++) {
		/* Kernels such as 5.10 leave the upper half of a negative result 0. */
		int err = bpf_map_update_elem(&running_spans, key, span, BPF_NOEXIST);

		if (!err)
			return true;
		if (err != -EEXIST)
			break;
		if (bpf_map_delete_elem(&running_spans, key))
			continue;
		count_event(RP_PREEMPTIBLE, id, RP_SPAN_REPLACED);
		count_aside(p, -1);
	}
	count_event(RP_PREEMPTIBLE, id, RP_SPAN_NO_ROOM);
	count_aside(p, -1);
	return false;
}

static __always_inline bool take_hashed_span(const struct span_key *key, struct rp_span *taken,
					     struct rp_span_slot *p)
{
	struct rp_span *found = bpf_map_lookup_elem(&running_spans, key);

	if (!found)
		return false;
	*taken = *found;
	if (bpf_map_delete_elem(&running_spans, key))
		return false;
	count_aside(p, -1);
	return true;
}

/* ---- both ------------------------------------------------------------------------------------
 */

/* If a key begins on two CPUs at a time, one may use the slot and the other the hash. Then each
 * looks where it was not. */
static __noinline long replace_hashed_span(const struct span_key *key, struct rp_span_slot *p,
					   __u32 id)
{
	struct rp_span other;

	if (take_hashed_span(key, &other, p))
		count_event(RP_PREEMPTIBLE, id, RP_SPAN_REPLACED);
	return 0;
}

static __noinline long put_span_aside(const struct span_key *key, const struct rp_span *span,
				      struct rp_span_slot *p, __u32 id)
{
	struct rp_span other;

	if (!put_hashed_span(key, span, p, id) || !capture_spec()->slot_shift)
		return 0; /* 5.10 is to have no compare-and-swap in the code */
	if (p && take_span_from_slot(p, key, &other))
		count_event(RP_PREEMPTIBLE, id, RP_SPAN_REPLACED);
	return 0;
}

/* Adds a span that begins, in place of one with the same key. */
static __always_inline void put_span(const struct span_key *key, const struct rp_span *span,
				     __u32 id)
{
	struct rp_span_slot *p = slot_of_span(key);

	if (!p || !put_span_in_slot(p, key, span, id))
		put_span_aside(key, span, p, id);
	else if (p->aside)
		replace_hashed_span(key, p, id);
}

/* Takes the span of a key. False: there is none, or another CPU was first. */
static __always_inline bool take_span(const struct span_key *key, struct rp_span *taken)
{
	struct rp_span_slot *p = slot_of_span(key);

	if (p && take_span_from_slot(p, key, taken))
		return true;
	return (!p || p->aside) && take_hashed_span(key, taken, p);
}
