/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Captures: what an entry stores for its return, in probes with labels, filters or observed values.
 * The start time is not part of it: pairing, or the mechanism, keeps that.
 *
 * Like frames, captures of kernel calls use a slot if it is free (inflight.bpf.h), else a hash. A
 * hash entry lives until its call returns or it is evicted as the least recently used. A return
 * without its capture counts as missed.
 */
#pragma once

#include "hists.bpf.h"
#include "labels.bpf.h"
#include "pairing.bpf.h"
#include "samples.bpf.h"
#include "syscall_args.bpf.h"

struct capture_slot {
	struct slot slot; /* start: 0 if the mechanism or another store keeps it */
	struct capture capture;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct capture_slot);
} capture_slots SEC(".maps");
_Static_assert(sizeof(struct capture_slot) == 8 * RP_CAPTURE_SLOT_WORDS, "the exporter reads it");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct user_key);
	__type(value, struct capture);
} capture_hash SEC(".maps");

/* Where captures go; a compile-time constant of each program. Slots need atomic instructions, which
 * kernels before 5.12 lack. The captures of user functions are always in the hash. */
enum rp_store { IN_SLOTS, IN_HASH };

/* The key in the table. 0 for user functions, whose addresses are private to a process. */
static __always_inline __u64 capture_key(enum rp_space space, __u32 id, __u64 addr)
{
	return space == RP_USER ? 0 : slot_key(space, id, addr);
}

static __always_inline struct capture_slot *capture_slot_of(__u64 key)
{
	__u32 i = rp_hash(key, slot_shift);

	return bpf_map_lookup_elem(&capture_slots, &i);
}

static __always_inline struct user_key capture_hash_key(enum rp_space space, __u32 id, __u64 addr,
							__u64 key)
{
	return space == RP_USER ? user_key(id, addr) : (struct user_key){ .addr = key };
}

/* Observed values are copied only if there are any. */
static __always_inline void copy_capture(struct capture *to, const struct capture *from)
{
	to->label = from->label;
	if (capture_spec()->nobserved || capture_spec()->nmeasured ||
	    capture_spec()->sampling.show.used)
		for (int i = 0; i < RP_OBSERVED; i++)
			to->observed[i] = from->observed[i];
	else
		asm volatile("" : "=m"(to->observed)); /* nothing reads them */
}

enum claim { BUSY, OWN, CLAIMED };

/* Slow path: the slot is busy. OWN: a leftover of this very call's key. Like clear_slot(), and
 * moves the capture as well. A capture already in the hash is a leftover, or newer than this one,
 * whose call has returned meanwhile. */
static __noinline enum claim clear_capture_slot(struct capture_slot *p, __u64 key)
{
	struct user_key in_hash = {};
	__u64 old, start;

	if (change_marked(&p->slot.key, key, key))
		return OWN;
	old = key_to_clear(&p->slot.key, &p->slot.marked_at);
	in_hash.addr = old & ~MARKED;
	start = p->slot.start;
	if (!old || bpf_map_update_elem(&capture_hash, &in_hash, &p->capture, BPF_NOEXIST))
		return BUSY;
	if (start && bpf_map_update_elem(&kernel_frames, &old, &start, BPF_ANY))
		return BUSY;
	if (__sync_val_compare_and_swap(&p->slot.key, old, key) == old)
		return CLAIMED;
	if (start)
		bpf_map_delete_elem(&kernel_frames, &old);
	return BUSY;
}

/* Claims the slot p of a call that enters. */
static __always_inline enum claim claim_capture_slot(struct capture_slot *p, __u64 key)
{
	if (!p)
		return BUSY;
	if (p->slot.key == key)
		return OWN;
	if (p->slot.key || __sync_val_compare_and_swap(&p->slot.key, 0, key))
		return clear_capture_slot(p, key);
	return CLAIMED;
}

static __always_inline void put_capture(enum rp_store store, enum rp_space space, __u32 id,
					__u64 addr, const struct capture *capture)
{
	__u64 key = capture_key(space, id, addr);
	struct user_key in_hash = capture_hash_key(space, id, addr, key);
	struct capture_slot *p;

	if (store == IN_SLOTS) {
		p = capture_slot_of(key);
		if (claim_capture_slot(p, key) != BUSY && p) {
			p->slot.start = 0;
			copy_capture(&p->capture, capture);
			return;
		}
	}
	bpf_map_update_elem(&capture_hash, &in_hash, capture, BPF_ANY);
}

static __always_inline bool take_hashed_capture(const struct user_key *key, struct capture *capture)
{
	struct capture *found = bpf_map_lookup_elem(&capture_hash, key);

	if (!found)
		return false;
	*capture = *found;
	bpf_map_delete_elem(&capture_hash, key);
	return true;
}

static __always_inline bool take_capture(enum rp_store store, enum rp_space space, __u32 id,
					 __u64 addr, struct capture *capture)
{
	__u64 key = capture_key(space, id, addr);
	struct user_key in_hash = capture_hash_key(space, id, addr, key);
	struct capture_slot *p;

	if (store == IN_SLOTS) {
		p = capture_slot_of(key);
		if (p && p->slot.key == key) {
			copy_capture(capture, &p->capture);
			__sync_lock_test_and_set(&p->slot.key, 0); /* also a barrier */
			return true;
		}
		if (p && p->slot.key == (key | MARKED)) {
			*capture = p->capture;
			if (change_marked(&p->slot.key, key, 0))
				return true;
		}
	}
	return take_hashed_capture(&in_hash, capture);
}

/* Whether text that is not in memory yet is read at the return. Not in programs for functions,
 * whose stacks have no room for it. Those for timed system calls have little. */
enum absent {
	UNREADABLE,
	UNREADABLE_QUICK /* see all_pass() */,
	UNREADABLE_IN_LITTLE_STACK,
	READ_LATE
};

/* The label of a call that enters. Sets what is observed and measured, as far as there is any. */
static __always_inline __u64 read_capture(const struct entry *entry, __u64 desc, __u64 *observed,
					  enum absent absent)
{
	bool quick = absent == UNREADABLE_QUICK, roomy = quick || absent == UNREADABLE;
	const struct rp_capture_spec *x = capture_spec();
	__u32 undecided = absent == READ_LATE ? unknown_zero : 0;
	__u64 label;

	if (!passes(x, entry->args, absent != READ_LATE, roomy, quick, &undecided))
		return CAPTURE_FILTERED;
	for (__u32 i = 0; i < RP_OBSERVED && i < x->nobserved; i++) {
		const struct rp_field *f = &x->observed[i];

		if (eval_number(f, source_value(entry->args, f), &observed[i]))
			observed[i] = RP_OBSERVED_UNREADABLE;
	}
	for (__u32 i = 0; i < RP_OBSERVED && i < x->nmeasured; i++)
		MEASURED(observed, i) = measure(x->measured[i]);
	label = label_of(x, entry, desc, absent != READ_LATE, undecided, roomy, quick);
	if (x->sampling.show.used && label != CAPTURE_FILTERED)
		*ticket_of(observed) = keep_shown(entry->args);
	return label;
}

/* Fills the capture of a call that enters. False: a filter rejects the call. */
static __always_inline bool make_capture(const struct entry *entry, __u64 desc,
					 struct capture *capture, enum absent absent)
{
	capture->label = read_capture(entry, desc, capture->observed, absent);
	return capture->label != CAPTURE_FILTERED;
}

/* ---- the return --------------------------------------------------------------------------------
 */

/* Whether a result of a value kind has a value slot. A new result takes a slot and a share of the
 * target's limit. The exporter gives back both. Not inlined: the callers' stacks have no room. */
static __noinline long has_slot(__u32 id, __u32 cell, __s64 value)
{
	const struct rp_capture_spec *x = capture_spec();
	struct value_key key = { .value = value, .cell = cell };
	struct rp_used *u;
	__u32 slot;

	if (bpf_map_lookup_elem(&value_index, &key))
		return true;
	u = bpf_map_lookup_elem(&used, &id);
	if (!u || !take_share(&u->values, x->max_series))
		return false;
	if (claim_value(&key, &slot))
		return true;
	__sync_fetch_and_add(&u->values, -1);
	return bpf_map_lookup_elem(&value_index, &key) != NULL;
}

/* Whether `error:` makes a result an error that its class does not show. */
static __always_inline bool judged_an_error(const struct rp_capture_spec *x, __u64 desc,
					    struct rp_outcome o, __u32 outcome)
{
	return x->error.set && outcome == RP_OUTCOME_ERROR &&
	       (o.cls != RP_CLASS_BY_VALUE || rp_kind_is_numbered(RP_DESC_KIND(desc)));
}

/* Like settle(). Errors in a class that `error:` splits are counted by value. Errors of numbered
 * kinds without a free slot count as RP_CLASS_NEGATIVE, which those kinds do not use. */
static __always_inline enum rp_class settle_judged(enum rp_context c, __u32 index,
						   struct rp_outcome o, bool is_error, bool split)
{
	enum rp_class cls;

	if (is_error && split)
		o = (struct rp_outcome){ RP_CLASS_BY_VALUE, -1 - (__s64)o.cls };
	cls = settle(c, index, o);
	return cls == RP_CLASS_OTHER && is_error && !split ? RP_CLASS_NEGATIVE : cls;
}

/* Counts a finished call of a probe with captures. ret, ns: valid if `knows` says so. Returns what
 * take_sample() is to be given, or 0. */
static __always_inline __u64 count_captured(const struct capture *capture, __u64 desc,
					    struct rp_outcome o, __u32 knows, __u64 ret, __u64 ns,
					    enum rp_context c)
{
	bool known = knows & KNOWS_RESULT, timed = knows & KNOWS_DURATION;
	__u32 id = RP_DESC_ID(desc), kind = RP_DESC_KIND(desc), cell;
	const struct rp_capture_spec *x = capture_spec();
	bool positive = o.cls == RP_CLASS_POSITIVE;
	enum rp_class cls;
	__u64 *words = NULL;
	__u32 outcome;

	outcome = known ? rp_outcome_bit(x, desc, o, ret) : 0;
	if (!passes_return(&x->counted, false, desc, outcome, knows, ret, ns)) {
		count_event(c, id, RP_EVENT_FILTERED);
		return 0;
	}
	cell = cell_of_label(capture->label, id);
	if (known && (kind == RP_KIND_VALUE || kind == RP_KIND_UVALUE) &&
	    !has_slot(id, cell, o.value))
		o.cls = RP_CLASS_OTHER;
	cls = settle_judged(c, cell, o, judged_an_error(x, desc, o, outcome), x->split);
	if (!sets_are_pooled || cell == id)
		words = cell_of(cell);
	if (!words)
		count_pooled_cell(cell, cls, timed ? ns : UNTIMED);
	else if (timed)
		count_in_cell(c, words, cls, ns);
	else
		count_untimed_in_cell(c, words, cls);
	count_hists(x, capture->observed, desc, cell, known && positive, ret, timed ? ns : 0, c);
	if (__builtin_expect(x->sampling.per_second, 0) &&
	    is_sampled(x, desc, outcome, knows, ret, ns))
		return SAMPLED_CALL(cell, outcome);
	return 0;
}

/* The same for a spec with sets_only. ns: UNTIMED if it is not known; a compile-time constant. */
static __always_inline void count_in_set(__u64 label, __u64 desc, __u64 ret, __u64 ns,
					 enum rp_context c)
{
	__u32 id = RP_DESC_ID(desc), cell = cell_of_label(label, id);
	enum rp_class cls = settle(c, cell, rp_outcome(desc, ret));
	__u64 *words = !sets_are_pooled || cell == id ? cell_of(cell) : NULL;

	if (!words)
		count_pooled_cell(cell, cls, ns);
	else if (__builtin_constant_p(ns) && ns == UNTIMED)
		count_untimed_in_cell(c, words, cls);
	else
		count_in_cell(c, words, cls, ns);
}

static __noinline __u64 count_call(const struct capture *capture, __u64 desc, __u64 ret, __u64 ns,
				   __u32 context)
{
	enum rp_context c = context == RP_EXCLUSIVE ? RP_EXCLUSIVE : RP_PREEMPTIBLE;

	return count_captured(capture, desc, rp_outcome(desc, ret), KNOWS_RESULT | KNOWS_DURATION,
			      ret, ns, c);
}

/* The same for a call left by a jump to another function (user functions only). */
static __noinline __u64 count_tail_call(const struct capture *capture, __u64 desc, __u64 ns)
{
	return count_captured(capture, desc, rp_outcome_of_tail(desc),
			      KNOWS_DURATION |
				      (RP_DESC_KIND(desc) == RP_KIND_VOID ? KNOWS_RESULT : 0),
			      0, ns, RP_PREEMPTIBLE);
}

/* The same for a call whose entry was not seen. */
static __noinline __u64 count_untimed_call(const struct capture *capture, __u64 desc, __u64 ret,
					   __u32 context)
{
	enum rp_context c = context == RP_EXCLUSIVE ? RP_EXCLUSIVE : RP_PREEMPTIBLE;

	return count_captured(capture, desc, rp_outcome(desc, ret), KNOWS_RESULT, ret, 0, c);
}

/* What was measured at the entry becomes what the call has taken. Inlined in the programs, since
 * the functions above are too deep in the stack for more. */
static __always_inline void finish_measuring(struct capture *capture)
{
	const struct rp_capture_spec *x = capture_spec();

	for (__u32 i = 0; i < RP_OBSERVED && i < x->nmeasured; i++)
		MEASURED(capture->observed, i) =
			measured_since(x->measured[i], MEASURED(capture->observed, i));
}

/* The sample is taken by the program, whose chain of stacks is shorter. sampled: what count_call()
 * and its like have returned. */
static __always_inline void sample(void *ctx, struct capture *capture, __u64 desc, __u64 ret,
				   __u64 ns, __u64 sampled)
{
	if (sampled) {
		capture->label = sampled;
		take_sample(ctx, capture, desc, ret, ns);
	}
	if (capture_spec()->sampling.show.used)
		bpf_map_delete_elem(&shown, ticket_of(capture->observed));
}

static __always_inline void count_captured_call(enum rp_context c, void *ctx,
						struct capture *capture, __u64 desc, __u64 ret,
						__u64 ns)
{
	finish_measuring(capture);
	sample(ctx, capture, desc, ret, ns, count_call(capture, desc, ret, ns, c));
}

static __always_inline void count_captured_tail(void *ctx, struct capture *capture, __u64 desc,
						__u64 ns)
{
	finish_measuring(capture);
	sample(ctx, capture, desc, 0, ns, count_tail_call(capture, desc, ns));
}

static __always_inline void count_captured_untimed(void *ctx, struct capture *capture, __u64 desc,
						   __u64 ret, enum rp_context c)
{
	finish_measuring(capture);
	sample(ctx, capture, desc, ret, RP_SAMPLE_UNKNOWN,
	       count_untimed_call(capture, desc, ret, c));
}
