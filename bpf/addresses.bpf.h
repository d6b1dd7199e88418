/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which target a program with many targets runs for.
 *
 * bpf_get_attach_cookie() finds the cookie of a multi link by a binary search over its addresses:
 * +70 instructions at one function, +280 at 1,000. A hash table from address to descriptor costs
 * the same few instructions at any number. exporter/object/maps.c fills it so that no entry is more
 * than RP_ADDR_STEPS from where its hash points. If addresses are hidden from the exporter, the
 * cookie is used.
 */
#pragma once

#include "core.bpf.h"

const volatile __u32 addr_shift; /* 64 - log2(entries); 0: no table, use the cookie */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rp_addr);
} addrs SEC(".maps");

static __always_inline __u64 desc_of_addr(__u64 addr, __u32 shift)
{
	__u32 i = rp_hash(addr, shift);
	struct rp_addr *a;

	for (int step = 0; step < RP_ADDR_STEPS; step++, i++) {
		a = bpf_map_lookup_elem(&addrs, &i);
		if (!a)
			break;
		if (a->addr == addr) {
			__u64 desc = a->desc;

			__builtin_assume(desc); /* entries in use have a descriptor */
			return desc;
		}
	}
	return 0;
}

static __always_inline __u64 desc_of_link(void *ctx)
{
	__u32 shift = addr_shift;

	return shift ? desc_of_addr(bpf_get_func_ip(ctx), shift) : bpf_get_attach_cookie(ctx);
}
