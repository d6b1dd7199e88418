/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout: the sorted union of the classic bounds and of the native histogram's bounds, in
 * integer nanoseconds. Each classic and each native bucket is a sum of adjacent bins, so one
 * counter increment in the kernel feeds both, exactly.
 */
#pragma once

#include "bpf/abi.h"
#include "base/util.h"

/* Native buckets reach from 2^NATIVE_MIN_EXP to 2^NATIVE_MAX_EXP seconds. Longer calls are in the
 * next bucket above. Below is the zero bucket, for 0 ns. */
#define NATIVE_MIN_EXP (-30)
#define NATIVE_MAX_EXP 10
/* The maximum of native buckets, at schema 3: one per bound, and the one above. */
#define HISTOGRAM_NATIVE_MAX (((NATIVE_MAX_EXP - NATIVE_MIN_EXP) << 3) + 2)

struct histogram_layout {
	struct rp_grid table; /* for the programs */
	uint32_t nthresholds; /* bins: nthresholds + 1 */
	uint32_t nbins;

	double *bounds; /* for which it was built, likewise */
	uint32_t nbounds;
	double *classic; /* ascending bounds in seconds, or integers; without +Inf */
	uint32_t nclassic;
	bool integers;	       /* of integers, not of nanoseconds */
	uint32_t *classic_end; /* classic bucket i: bins classic_end[i-1] .. classic_end[i]-1 */

	int schema; /* of the native histogram; ignore native_* if !native */
	bool native;
	uint32_t *native_end; /* native bucket i: bins native_end[i-1] .. native_end[i]-1 (first:
			       * bins from zero_end on); the last bucket ends with the layout */
	uint32_t nnative;
	int native_first_index; /* schema index of native bucket 0: (base^(index-1), base^index] */
	uint32_t zero_end;	/* the zero bucket: bins 0 .. zero_end-1 (durations of 0 ns) */
};

#define HISTOGRAM_INTEGERS (-2)
/*
 * bounds: n ascending classic bounds in seconds, each > 0 and finite. schema: 0..3, or -1 for no
 * native histogram; HISTOGRAM_INTEGERS: none, and the bounds are of sizes, >= 0 and whole. 0; or
 * -EINVAL and *why, to be freed, which says what to change.
 */
int histogram_layout__build(const double *bounds, size_t n, int schema,
			    struct histogram_layout **out, char **why);
/* The same bins with other classic bounds, some of those for which g was built. */
struct histogram_layout *histogram_layout__view(const struct histogram_layout *g,
						const double *bounds, size_t n);
void histogram_layout__free(struct histogram_layout *g); /* NULL is fine */
