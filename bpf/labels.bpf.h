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

	if (!u || !take_share(&u->sets, limit))
		return 0;
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
	return 0;
}

/*
 * Whether a task's comm is padded with zeros: since Linux 5.17 (kernel commit 06c5088aeee8), like
 * this helper. On a kernel that has only the helper, old bytes behind a name give it more label
 * sets; they are shown as one series (exporter/labels/groups.c).
 */
static __always_inline bool comm_is_padded(void)
{
	return use_task_storage &&
	       bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_arg);
}

static __always_inline void read_comm(__u64 *to)
{
	struct task_struct___rp *task;

	if (comm_is_padded()) {
		task = (void *)bpf_get_current_task_btf();
		to[0] = *(__u64 *)&task->comm[0];
		to[1] = *(__u64 *)&task->comm[8];
	} else {
		bpf_get_current_comm(to, RP_COMM_SIZE);
	}
}

/* roomy: args are those of a struct entry. */
static __always_inline void read_labels(const struct rp_capture_spec *x, const struct args *args,
					struct rp_label_key *key, bool roomy)
{
	for (__u32 i = 0; i < RP_NUMBERS && i < x->nnumbers; i++) {
		const struct rp_field *f = &x->number[i];
		__u64 value = 0;

		/* What the kernel's helpers return is the value already. */
		if (roomy && is_caller(f))
			value = caller_of((const struct entry *)args, f->source);
		else if (roomy && f->source >= RP_ARGS && f->source < RP_SOURCE_CHANGED)
			value = source_value(args, f);
		else if (eval_number(f, source_value(args, f), &value))
			key->failed += 1U << i;
		key->word[i] = value;
	}
	if (x->comm)
		read_comm(&key->word[x->comm_at]);
	for (__u32 i = 0; i < RP_TEXTS && i < x->ntexts; i++) {
		const struct rp_field *f = &x->text[i];

		if (eval_text(f, source_value(args, f), roomy ? second_value(args, f) : 0,
			      text_of_key(x, key, i)))
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

/* What follows these words in a key is 0. */
static __always_inline __u32 words_of(const struct rp_capture_spec *x)
{
	return x->text_at + x->ntexts * (RP_TEXT_SIZE / sizeof(__u64));
}

static __always_inline __u32 *hint_of(const struct rp_capture_spec *x,
				      const struct rp_label_key *key)
{
	__u64 h = key->id;
	__u32 i;

#pragma unroll
	for (i = 0; i < RP_KEY_WORDS; i++)
		if (i < words_of(x))
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
		if (i < words_of(x))
			differ |= *(volatile __u64 *)&k->word[i] ^ key->word[i];
	return differ ? 0 : state << 32 | (bank_targets + slot);
}

/* The same by the hint of this CPU. */
static __always_inline __u64 find_label(const struct rp_capture_spec *x,
					const struct rp_label_key *key, __u64 desc)
{
	__u32 *hint = hint_of(x, key);
	__u64 label = hint ? label_in_slot(x, *hint, key) : 0;

	if (label)
		return label;
	label = look_up_label(x, key, desc);
	if (hint)
		*hint = (__u32)label - bank_targets;
	return label;
}

static __always_inline bool has_labels(const struct rp_capture_spec *x)
{
	return x->nnumbers || x->ntexts || x->comm;
}

/* The label of a call that enters: as find_label(), CAPTURE_FILTERED, or the ticket of a late read.
 * undecided: bits of filters. roomy: whether the program has stack to spare; a compile-time
 * constant. */
static __always_inline __u64 label_of(const struct rp_capture_spec *x, const struct args *args,
				      __u64 desc, bool returns, __u32 undecided, bool roomy)
{
	struct rp_label_key key;

	if (!has_labels(x) && (returns || !undecided))
		return RP_DESC_ID(desc);
	key.id = RP_DESC_ID(desc);
	key.failed = unknown_zero;
	/* Kernels such as 6.1 write no further than the end of the name (strscpy()). */
	clear_key(&key, x->comm_at);
	read_labels(x, args, &key, roomy);
	if (!returns && key.failed | undecided) {
		__u64 ticket = read_late(x, args, &key, undecided);

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
		label = has_labels(x) ? look_up_label(x, &l->key, desc) : RP_DESC_ID(desc);
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
