/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Label values -> the cell that counts them. A new label set takes a slot from the pool while its
 * target is below `max_series`. Otherwise, and whenever in doubt, the call counts in the target's
 * own cell, which becomes `_other`. The exporter frees slots (exporter/labels/slots.c).
 */
#pragma once

#include "callers.bpf.h"
#include "late.bpf.h"
#include "pairing.bpf.h"
#include "sketch.h"
#include "typed.bpf.h"

/* exporter/object/maps.c sets sizes of keys and numbers of entries. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct rp_label_key));
	__uint(value_size, sizeof(__u64)); /* cell; gen in the upper half */
} label_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, sizeof(__u32));
} label_free SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_label_set);
} label_sets SEC(".maps");

/* Per target. The exporter subtracts what it gives back. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_used);
} used SEC(".maps");

/* The label sets that found no room, of each target with labels. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_sketch);
} without_room SEC(".maps");

/*
 * Takes one of `limit` shares, of which *n are taken. It adds first and checks then, since 5.10 has
 * no atomic instruction for both. Two calls at the limit may both be refused, but none exceeds it.
 */
static __always_inline bool take_share(__u64 *n, __u32 limit)
{
	if (*(volatile __u64 *)n >= limit)
		return false;
	__sync_fetch_and_add(n, 1);
	if (*(volatile __u64 *)n <= limit)
		return true;
	__sync_fetch_and_add(n, -1);
	return false;
}

/* Claims a slot for a new label set. Returns its cell and gen, or 0 if none is free. */
static __noinline __u64 claim_label(const struct rp_label_key *key, __u32 limit)
{
	__u32 id = key->id, slot = 0;
	struct rp_used *u = bpf_map_lookup_elem(&used, &id);
	struct rp_label_set *set;
	__u64 value, *found;
	struct rp_sketch *s;

	if (!u)
		return 0;
	if (!take_share(&u->sets, limit))
		goto no_room;
	if (bpf_map_pop_elem(&label_free, &slot))
		goto give_back;
	set = bpf_map_lookup_elem(&label_sets, &slot);
	if (!set)
		goto give_back;
	copy_key(&set->key, key);
	value = (__u64)set->gen << 32 | (bank_targets + slot);
	if (!bpf_map_update_elem(&label_index, key, &value, BPF_NOEXIST)) {
		set->used = RP_SET_USED;
		return value;
	}
	/* Another CPU was first. */
	bpf_map_push_elem(&label_free, &slot, 0);
	__sync_fetch_and_add(&u->sets, -1);
	found = bpf_map_lookup_elem(&label_index, key);
	return found ? *found : 0;
give_back:
	__sync_fetch_and_add(&u->sets, -1);
no_room:
	slot = u->sketch;
	s = bpf_map_lookup_elem(&without_room, &slot);
	if (s)
		rp_sketch_add(s, rp_sketch_hash(key, capture_spec()->nwords));
	return 0;
}

/* typed: as in struct entry. Compile-time constants: whether there is one, and roomy. */
static __always_inline void read_number(const struct rp_capture_spec *x, const struct args *args,
					const __u64 *typed, struct rp_label_key *key, __u32 i,
					bool roomy)
{
	const struct rp_field *f = &x->number[i];
	long err;

	/* What the kernel's helpers return is the value already. */
	if (roomy && f->source >= RP_ARGS && f->source < RP_SOURCE_CHANGED) {
		key->word[i] = source_value(args, f);
		return;
	}
	if (x->typed == RP_BY_TYPES && typed && f->source < RP_ARGS)
		err = eval_typed(typed, f, &key->word[i]);
	else if (x->typed == RP_BY_CASTS && roomy && f->source < RP_ARGS)
		err = eval_cast(source_value(args, f), f, &key->word[i]);
	else
		err = eval_number(f, source_value(args, f), &key->word[i]);
	if (err) {
		key->word[i] = 0;
		key->failed += 1U << i;
	}
}

/* A function of its own, as most probes have one number at most. */
static __noinline long read_more_numbers(const struct args *args, const __u64 *typed,
					 struct rp_label_key *key)
{
	const struct rp_capture_spec *x = capture_spec();

	for (__u32 i = 1; i < RP_NUMBERS && i < x->nnumbers; i++)
		read_number(x, args, typed, key, i, true);
	return 0;
}

static __always_inline void read_numbers(const struct rp_capture_spec *x, const struct entry *entry,
					 struct rp_label_key *key, bool roomy, bool quick)
{
	const struct args *args = entry->args;

	if (quick && !x->callers) {
		if (x->nnumbers)
			read_number(x, args, entry->typed, key, 0, true);
		if (x->nnumbers > 1)
			read_more_numbers(args, entry->typed, key);
		return;
	}
	for (__u32 i = 0; i < RP_NUMBERS && i < x->nnumbers; i++) {
		if (roomy)
			barrier_var(args); /* or clang computes each address in it beforehand */
		if (roomy && is_caller(&x->number[i]))
			key->word[i] = caller_of(entry, x->number[i].source);
		else
			read_number(x, args, NULL, key, i, roomy);
	}
}

static __always_inline void read_labels(const struct rp_capture_spec *x, const struct entry *entry,
					struct rp_label_key *key, bool roomy, bool quick)
{
	const struct args *args = entry->args;

	read_numbers(x, entry, key, roomy, quick);
	if (x->comm)
		read_comm(&key->word[x->comm_at]);
	if (!x->ntexts) /* saves the loop's preparations */
		return;
	for (__u32 i = 0; i < RP_TEXTS && i < x->ntexts; i++) {
		const struct rp_field *f = &x->text[i];
		char *text = text_of_key(x, key, i);

		clear_words((__u64 *)text, RP_TEXT_SIZE / sizeof(__u64));
		if (eval_text(f, source_value(args, f), roomy ? second_value(args, f) : 0, text))
			key->failed += 1U << (RP_NUMBERS + i);
	}
}

/* The cell of a label set, and the slot's gen in the upper half. */
static __always_inline __u64 look_up_label(const struct rp_capture_spec *x,
					   const struct rp_label_key *key, __u64 desc)
{
	__u64 *found = bpf_map_lookup_elem(&label_index, key), label;

	if (found)
		return *found;
	label = claim_label(key, x->max_series);
	return label ? label : RP_DESC_ID(desc);
}

/* ---- hints -------------------------------------------------------------------------------------
 */

/*
 * The slot in which a CPU last found a key, by a hash of the key. It saves most look-ups in
 * label_index, the dearest part of a label. A hint may be wrong: the set in that slot must be in
 * use and have the key.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} label_hints SEC(".maps");

static __always_inline __u32 *hint_of(const struct rp_capture_spec *x,
				      const struct rp_label_key *key)
{
	__u64 h = key->id;
	__u32 i;

#pragma unroll
	for (i = 0; i < RP_KEY_WORDS; i++)
		if (i < x->nwords)
			h = (h ^ key->word[i]) * 0x9e3779b97f4a7c15ULL;
	i = (bpf_get_smp_processor_id() << RP_HINT_BITS) + (h >> (64 - RP_HINT_BITS));
	return bpf_map_lookup_elem(&label_hints, &i);
}

/* The cell and gen of the set in a slot, or 0 if it is not the one with this key. */
static __always_inline __u64 label_in_slot(const struct rp_capture_spec *x, __u32 slot,
					   const struct rp_label_key *key)
{
	struct rp_label_set *set = bpf_map_lookup_elem(&label_sets, &slot);
	__u64 state, differ, after;
	const struct rp_label_key *k;

	if (!set)
		return 0;
	state = *(volatile __u64 *)set; /* gen and used */
	if (state >> 32 != RP_SET_USED)
		return 0;
	/* 0, but the processor does not know: it loads the key after the state. */
	after = state;
	asm volatile("%0 &= 0" : "+r"(after));
	k = (void *)&set->key + after;
	differ = (k->id ^ key->id) | (k->failed ^ key->failed);
#pragma unroll
	for (__u32 i = 0; i < RP_KEY_WORDS; i++)
		if (i < x->nwords)
			differ |= *(volatile __u64 *)&k->word[i] ^ key->word[i];
	return differ ? 0 : state << 32 | (bank_targets + slot);
}

/* The same by the hint of this CPU. */
static __always_inline __u64 find_label(const struct rp_capture_spec *x, struct rp_label_key *key,
					__u64 desc)
{
	__u32 *hint = hint_of(x, key);
	__u64 label = hint ? label_in_slot(x, *hint, key) : 0;

	if (label)
		return label;
	clear_rest(x, key);
	label = look_up_label(x, key, desc);
	if (hint)
		*hint = (__u32)label - bank_targets;
	return label;
}

/* The label of a call that enters: as find_label(), CAPTURE_FILTERED, or the ticket of a late read.
 * undecided: bits of filters. roomy: whether the program has stack to spare; quick: see all_pass().
 * Both are compile-time constants. */
static __always_inline __u64 label_of(const struct rp_capture_spec *x, const struct entry *entry,
				      __u64 desc, bool returns, __u32 undecided, bool roomy,
				      bool quick)
{
	struct rp_label_key key;

	if (!x->nwords && (returns || !undecided))
		return RP_DESC_ID(desc);
	key.id = RP_DESC_ID(desc);
	key.failed = x->may_fail ? unknown_zero : 0;
	if (!roomy)
		clear_rest(x, &key);
	read_labels(x, entry, &key, roomy, quick);
	if (!returns && key.failed | undecided) {
		__u64 ticket = read_late(x, entry->args, &key, undecided);

		if (ticket || undecided)
			return ticket ? ticket : CAPTURE_FILTERED;
	}
	return roomy ? find_label(x, &key, desc) : look_up_label(x, &key, desc);
}

/* Resolves a ticket when the call returns: a label, CAPTURE_FILTERED or CAPTURE_LOST. */
static __noinline __u64 late_label(__u64 ticket, __u64 desc)
{
	const struct rp_capture_spec *x = capture_spec();
	__u64 label = CAPTURE_FILTERED;
	struct late *l;

	if (ticket == CAPTURE_FILTERED)
		return ticket;
	l = bpf_map_lookup_elem(&late, &ticket);
	if (!l)
		return CAPTURE_LOST;
	if (decide_late(x, l)) {
		read_labels_late(x, l);
		/* Without hints, which need some of the 512 bytes of stack. */
		label = x->nwords ? look_up_label(x, &l->key, desc) : RP_DESC_ID(desc);
	}
	/* The LRU map may have evicted the entry and reused it meanwhile. */
	if (l->ticket != ticket || l->key.id != RP_DESC_ID(desc))
		label = CAPTURE_LOST;
	bpf_map_delete_elem(&late, &ticket);
	return label;
}

/* The cell of a label when the call returns. */
static __always_inline __u32 cell_of_label(__u64 label, __u32 id)
{
	__u32 cell = label, slot = cell - bank_targets;
	struct rp_label_set *set;

	if (cell == id)
		return id;
	set = bpf_map_lookup_elem(&label_sets, &slot);
	return set && set->gen == label >> 32 ? cell : id;
}
