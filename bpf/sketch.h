/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many different label sets of a target have found no room, approximately and in little memory.
 *
 * Each key has a register, and a random number below 1. A register keeps the largest number that it
 * has seen; a key that comes again changes nothing. With n keys for each register, what is missing
 * to 1 has an exponential distribution with rate n, cut at 1. So the estimate of n is the number of
 * registers that have seen a key, over the sum of what is missing (the maximum likelihood for
 * censored observations). Its standard error is 1 / sqrt(registers), and less if most are empty.
 *
 * Pure: the exporter adds keys, too (exporter/labels/needed.c).
 */
#pragma once

#include "abi.h"

#define RP_SKETCH_BITS 10

/* Written by all CPUs without a lock. A number that is lost is there when its key comes again. */
struct rp_sketch {
	__u32 used; /* some key was added */
	__u32 pad;
	__u32 most[1 << RP_SKETCH_BITS]; /* in 2^-32; 0: no key */
};

static inline __attribute__((always_inline)) __u64 rp_sketch_mix(__u64 h, __u64 word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

/* The first `words` of a key count. A compile-time constant may bound them. */
static inline __attribute__((always_inline)) __u64 rp_sketch_hash(const struct rp_label_key *key,
								  __u32 words)
{
	__u64 h = rp_sketch_mix(key->id, key->failed);

#ifdef __bpf__
#pragma unroll
#endif
	for (__u32 i = 0; i < RP_KEY_WORDS; i++)
		if (i < words)
			h = rp_sketch_mix(h, key->word[i]);
	return rp_sketch_mix(rp_sketch_mix(h, 0), 0);
}

static inline __attribute__((always_inline)) void rp_sketch_add(volatile struct rp_sketch *s,
								__u64 hash)
{
	volatile __u32 *most = &s->most[hash >> (64 - RP_SKETCH_BITS)];
	__u32 number = (__u32)hash | 1;

	if (!s->used)
		s->used = 1;
	if (*most < number)
		*most = number;
}
