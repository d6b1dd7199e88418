/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What samples show of a call's parameters. It is read at the entry, and waits in a hash for the
 * return, which decides whether there is a sample. The capture has its key, a ticket, in a place of
 * observed values. Entries of calls that never return stay until they are the least recently used.
 */
#pragma once

#include "fields.bpf.h"

struct kept {
	struct args args; /* has the entry's own address, which saves some stack */
	__u64 ticket;
	struct rp_shown shown;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct kept);
} shown SEC(".maps");

const volatile __u64
	nothing_kept[sizeof(struct kept) / sizeof(__u64)]; /* too large for the stack */

/* Where a capture has the ticket: before what is measured. */
static __always_inline __u64 *ticket_of(__u64 *observed)
{
	_Static_assert(RP_OBSERVED == 2, "a constant index for each");
	return capture_spec()->nmeasured ? &observed[0] : &observed[1];
}

static __always_inline void read_shown_texts(struct kept *k, bool again)
{
	const struct rp_shown_spec *x = &capture_spec()->sampling.show;

	for (__u32 i = 0; i < RP_SHOWN_TEXTS && i < x->ntexts; i++) {
		const struct rp_field *f = &x->text[i];
		__u32 bit = 1U << (RP_NUMBERS + i);

		if (again && !(f->user && k->shown.failed & bit))
			continue;
		if (!eval_text(f, source_value(&k->args, f), second_value(&k->args, f),
			       k->shown.text[i]))
			k->shown.failed &= ~bit;
		else
			k->shown.failed |= bit;
	}
}

/* Returns the ticket; 0 if there is no room. Not inlined: few probes need it. */
static __noinline __u64 keep_shown(const struct args *args)
{
	const struct rp_shown_spec *x = &capture_spec()->sampling.show;
	__u64 ticket = bpf_ktime_get_ns() << 9 | (bpf_get_smp_processor_id() & 511);
	struct kept *k;

	if (bpf_map_update_elem(&shown, &ticket, (const void *)nothing_kept, BPF_NOEXIST))
		return 0;
	k = bpf_map_lookup_elem(&shown, &ticket);
	if (!k)
		return 0;
	k->ticket = ticket;
	k->args = *args;
	for (__u32 i = 0; i < RP_SHOWN_NUMBERS && i < x->nnumbers; i++)
		if (eval_number(&x->number[i], source_value(&k->args, &x->number[i]),
				&k->shown.number[i]))
			k->shown.failed |= 1U << i;
	read_shown_texts(k, false);
	return ticket;
}

/* Text of the process that was not in memory at the entry may be there at the return. */
static __always_inline void copy_shown(struct rp_shown *to, const __u64 *ticket)
{
	struct kept *k = *ticket ? bpf_map_lookup_elem(&shown, ticket) : NULL;

	if (!k)
		return;
	read_shown_texts(k, true);
	*to = k->shown;
	to->known = k->ticket == *ticket; /* else it has been evicted meanwhile */
}
