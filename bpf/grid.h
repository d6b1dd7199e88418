/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pure: nanoseconds -> grid cell. Compiled for BPF and for host tests.
 *
 * Cell i holds the durations d with threshold[i - 1] < d <= threshold[i]; the cell behind the last
 * threshold holds the rest. The table tells, for the leading eight bits or so of d, the first
 * threshold that any such duration can belong to; the few that share those bits are compared.
 * exporter/grid.c builds the table and refuses bounds that would need more than RP_GRID_STEPS.
 */
#ifndef RP_GRID_H
#define RP_GRID_H

#include "abi.h"

/* The row of first[] for d < 2^RP_GRID_MAX_BITS: d >> 4 * row fits a byte, and keeps its top bits.
 */
static inline __attribute__((always_inline)) __u32 rp_grid_row(__u64 d)
{
	if (d < 1ULL << 24) {
		if (d < 1ULL << 16)
			return d < 1ULL << 8 ? 0 : d < 1ULL << 12 ? 1 : 2;
		return d < 1ULL << 20 ? 3 : 4;
	}
	if (d < 1ULL << 32)
		return d < 1ULL << 28 ? 5 : 6;
	return d < 1ULL << 36 ? 7 : 8;
}

/* Returns 0..RP_GRID_MAX - 1 + RP_GRID_STEPS; callers bound it by their number of cells. */
static inline __attribute__((always_inline)) __u32 rp_grid_cell(const struct rp_grid *g, __u64 d,
								__u32 last)
{
	__u32 row, i;

	if (d >= 1ULL << RP_GRID_MAX_BITS)
		return last;
	row = rp_grid_row(d);
	i = g->first[row][(d >> (RP_GRID_SHIFT * row)) & (RP_GRID_COLUMNS - 1)];
	_Pragma("GCC unroll 4") for (int step = 0; step < RP_GRID_STEPS; step++)
	{
		if (d <= g->threshold[i & (RP_GRID_MAX - 1)])
			break;
		i++;
	}
	return i;
}

#endif /* RP_GRID_H */
