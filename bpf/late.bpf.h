/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Late reads: text of the process that is not in memory at the entry, because its page was never
 * touched or was swapped out. The call itself brings it in, so the text is read at the return. What
 * could be read at the entry is kept until then. Filters on such text are decided at the return,
 * too.
 *
 * The capture holds a ticket instead of a label; the rest is in a hash under that ticket. Entries
 * of calls that never return stay until they are the least recently used.
 */
#pragma once

#include "filters.bpf.h"

/* Instead of a label: */
#define CAPTURE_FILTERED (~0ULL)
#define CAPTURE_LOST	 (~0ULL - 1)
#define CAPTURE_TICKET	 (1ULL << 63) /* set in all of these; no gen reaches that bit */

struct late {
	struct args args; /* has the entry's own address, which saves some stack */
	__u64 ticket;
	struct rp_label_key key; /* with the values read at the entry */
	__u32 undecided;	 /* bits of filters */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct late);
} late SEC(".maps");

const volatile __u64 no_late[sizeof(struct late) / sizeof(__u64)]; /* too large for the stack */

/* ---- keys ---------------------------------------------------------------------------------------
 */

const volatile __u32 key_words; /* of the longest key */

/* Text i of a key. */
static __always_inline char *text_of_key(const struct rp_capture_spec *x, struct rp_label_key *key,
					 __u32 i)
{
	return (char *)&key->word[x->text_at] + i * RP_TEXT_SIZE;
}

/* Clears what follows the words of a spec. The index of the label sets compares it. */
static __always_inline void clear_rest(const struct rp_capture_spec *x, struct rp_label_key *key)
{
	__u32 from = x->nwords, end = key_words; /* read once */

	/* The verifier removes what follows a test that always fails. So this test is the first. */
#pragma unroll
	for (__u32 i = 0; i < RP_KEY_WORDS; i++)
		if (i < end && i >= from)
			*(volatile __u64 *)&key->word[i] = 0;
}

static __always_inline void copy_key(struct rp_label_key *to, const struct rp_label_key *from)
{
	__u32 end = key_words;

	to->id = from->id;
	to->failed = from->failed;
#pragma unroll
	for (__u32 i = 0; i < RP_KEY_WORDS; i++)
		if (i < end)
			*(volatile __u64 *)&to->word[i] = from->word[i];
}

/* ---- tickets ------------------------------------------------------------------------------------
 */

static __always_inline bool some_may_come(const struct rp_capture_spec *x, const struct args *args,
					  __u32 failed)
{
	for (__u32 i = 0; i < RP_TEXTS && i < x->ntexts; i++)
		if (failed & 1U << (RP_NUMBERS + i) &&
		    may_come(&x->text[i], source_value(args, &x->text[i])))
			return true;
	return false;
}

/* Returns the ticket; 0 if nothing needs a late read, or there is no room. */
static __noinline __u64 read_late(const struct rp_capture_spec *x, const struct args *args,
				  const struct rp_label_key *key, __u32 undecided)
{
	__u64 now = bpf_ktime_get_ns() << 9 | (bpf_get_smp_processor_id() & 511);
	__u64 ticket =
		CAPTURE_TICKET | now << 2 >> 2; /* differs from CAPTURE_FILTERED and CAPTURE_LOST */
	struct late *l;

	if (!(undecided || some_may_come(x, args, key->failed)))
		return 0;
	if (bpf_map_update_elem(&late, &ticket, (const void *)no_late, BPF_NOEXIST))
		return 0;
	l = bpf_map_lookup_elem(&late, &ticket);
	if (!l)
		return 0;
	l->ticket = ticket;
	l->args = *args;
	copy_key(&l->key, key);
	l->undecided = undecided;
	return ticket;
}

/* Decides the groups of alternatives of which none has passed and some wait. */
static __noinline bool decide_groups_late(const struct rp_capture_spec *x, const struct late *l)
{
	__u32 n = x->nfilters - RP_FILTERS;
	bool waited = false, passed = false;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < RP_ALTERNATIVES && i < n;) {
		const struct rp_filter *a = &x->alternative[i];

		if (l->undecided & bit_of_run(i)) {
			waited = true;
			if (!passed)
				passed = run_passes(a, source_value(&l->args, &a->field), 0) ==
					 PASSES;
		}
		if (a->last && waited && !passed)
			return false;
		if (a->last)
			waited = passed = false;
		i += a->run;
	}
	return true;
}

static __always_inline bool decide_late(const struct rp_capture_spec *x, const struct late *l)
{
	if (x->nfilters > RP_FILTERS)
		return decide_groups_late(x, l);
	for (__u32 i = 0; i < RP_FILTERS && i < x->nfilters; i++) {
		const struct rp_filter *fl = &x->filter[i];

		if (l->undecided & 1U << i &&
		    filter_text(fl, source_value(&l->args, &fl->field), 0) != PASSES)
			return false;
	}
	return true;
}

static __always_inline void read_labels_late(const struct rp_capture_spec *x, struct late *l)
{
	for (__u32 i = 0; i < RP_TEXTS && i < x->ntexts; i++) {
		const struct rp_field *f = &x->text[i];
		__u32 bit = 1U << (RP_NUMBERS + i);

		if (f->user && l->key.failed & bit &&
		    !eval_text(f, source_value(&l->args, f), 0, text_of_key(x, &l->key, i)))
			l->key.failed -= bit;
	}
}
