/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure function: nanoseconds -> bin. Compiled for BPF and for host tests.
 *
 * Bin i holds the durations d with threshold[i - 1] < d <= threshold[i]; the bin above the last
 * threshold holds the rest. A table gives, for the leading eight bits or so of d, the first
 * threshold that such a duration can belong to. The few thresholds that share those bits are
 * compared. The exporter builds the table, and refuses bounds that would need more than
 * RP_GRID_STEPS compares.
 */
#pragma once

#include "abi.h"

/*
 * first[] for a d whose row is known. Each row has code of its own. So the shift and the row's
 * offset are constants, and the verifier, which has seen the compares, needs no mask. The empty asm
 * keeps compilers from merging the rows again.
 */
#define RP_GRID_FIRST(g, d, row)                            \
	({                                                  \
		__u64 first = (d) >> RP_GRID_SHIFT * (row); \
		asm volatile("" : "+r"(first) : "i"(row));  \
		first = (g)->first[row][first];             \
		asm volatile("" : "+r"(first) : "i"(row));  \
		(__u32) first;                              \
	})

/* The first threshold that a duration with the leading bits of d can belong to. */
static inline __attribute__((always_inline)) __u32 rp_grid_first(const struct rp_grid *g, __u64 d,
								 __u32 last)
{
	/* Most functions take less than 65 us. */
	if (d < 1ULL << 16) {
		if (d < 1ULL << 12)
			return d < 1ULL << 8 ? RP_GRID_FIRST(g, d, 0) : RP_GRID_FIRST(g, d, 1);
		return RP_GRID_FIRST(g, d, 2);
	}
	if (d < 1ULL << 24)
		return d < 1ULL << 20 ? RP_GRID_FIRST(g, d, 3) : RP_GRID_FIRST(g, d, 4);
	if (d < 1ULL << 32)
		return d < 1ULL << 28 ? RP_GRID_FIRST(g, d, 5) : RP_GRID_FIRST(g, d, 6);
	if (d < 1ULL << 36)
		return RP_GRID_FIRST(g, d, 7);
	return d < 1ULL << RP_GRID_MAX_BITS ? RP_GRID_FIRST(g, d, 8) : last;
}

/* Returns 0..RP_GRID_MAX - 1 + RP_GRID_STEPS; callers clamp it to their number of bins. */
static inline __attribute__((always_inline)) __u32 rp_grid_bin(const struct rp_grid *g, __u64 d,
							       __u32 last)
{
	__u32 i = rp_grid_first(g, d, last) & (RP_GRID_MAX - 1);
	const __u64 *threshold = &g->threshold[i];

	if (d <= threshold[0])
		return i;
	if (d <= threshold[1])
		return i + 1;
	if (d <= threshold[2])
		return i + 2;
	return d <= threshold[3] ? i + 3 : i + RP_GRID_STEPS;
}

_Static_assert(RP_GRID_STEPS == 4, "as many compares");
