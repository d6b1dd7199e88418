/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The grid: the sorted union of the classic bounds and of the native histogram's bounds, in integer
 * nanoseconds. Each classic and each native bucket is a sum of adjacent cells, so one counter
 * increment in the kernel feeds both, exactly.
 */
#ifndef BASE_GRID_H
#define BASE_GRID_H

#include "bpf/abi.h"
#include "base/util.h"

/* Native buckets reach from 2^GRID_MIN_EXP to 2^GRID_MAX_EXP seconds; a call that takes longer is
 * counted in the next bucket up. Below lies 0 ns, the zero bucket. */
#define GRID_MIN_EXP (-30)
#define GRID_MAX_EXP 10
/* Most native buckets, at schema 3: one for each bound, and the one above. */
#define GRID_NATIVE_MAX (((GRID_MAX_EXP - GRID_MIN_EXP) << 3) + 2)

struct grid {
	struct rp_grid table; /* as the kernel side wants it */
	uint32_t nthresholds; /* cells: nthresholds + 1 */
	uint32_t ncells;

	double *classic; /* ascending bounds in seconds, or integers; without +Inf */
	uint32_t nclassic;
	bool integers;	       /* of integers, not of nanoseconds */
	uint32_t *classic_end; /* classic bucket i: cells classic_end[i-1] .. classic_end[i]-1 */

	int schema; /* of the native histogram; ignore native_* if !native */
	bool native;
	uint32_t *native_end; /* native bucket i: cells native_end[i-1] .. native_end[i]-1 (first:
			       * cells from zero_end on); the last bucket ends with the grid */
	uint32_t nnative;
	int native_first_index; /* schema index of native bucket 0: (base^(index-1), base^index] */
	uint32_t zero_end;	/* the zero bucket: cells 0 .. zero_end-1 (durations of 0 ns) */
};

/*
 * bounds: n ascending classic bounds in seconds, each > 0 and finite. schema: 0..3, or -1 for no
 * native histogram. On failure returns -EINVAL and *why, to be freed, says what to change.
 */
int grid__build(const double *bounds, size_t n, int schema, struct grid **out, char **why);
/* The same for a histogram of integers (sizes): bounds >= 0 and whole, no native histogram. */
int grid__build_integers(const double *bounds, size_t n, struct grid **out, char **why);
void grid__free(struct grid *g);

#endif /* BASE_GRID_H */
