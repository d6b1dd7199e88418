/* SPDX-License-Identifier: GPL-2.0-only */
/* The data that one exposition is made from. */
#pragma once

#include "base/histogram_layout.h"
#include "probes/target_state.h"

struct self; /* base/self.h */

/* Missed calls that the kernel counts per program, where several targets share the program. */
struct missed_shared {
	const char *mechanism; /* static */
	uint32_t reasons;      /* as in struct missed_target */
	uint64_t missed[MISSED_MAX];
};

/* The cost of a mechanism's programs. */
struct metrics_bpf_stats {
	const char *mechanism;
	double run_seconds;
	uint64_t runs;
};

/* Everything is borrowed for the duration of the call. */
struct metrics_input {
	const struct histogram_layout *layout, *size_layout;
	const struct target_state *targets;
	size_t ntargets;
	uint32_t hist_words; /* words of each histogram in snap_cell.hists */
	const struct missed_shared *shared;
	size_t nshared;
	const struct self *self; /* NULL: pages/pages.c fills it in */
	uint64_t cell_bytes;
	const struct metrics_bpf_stats *bpf_stats; /* none unless kernel.bpf_stats_enabled is on */
	size_t nbpf_stats;
	const char *const *functions; /* `function[]` filter, exact, ORed; NULL: no filter */
	size_t nfunctions;
	void *scrape; /* for process/scrape.c, which releases it */
};

/* Whether the filter lets a function through. */
bool metrics_input__wants(const struct metrics_input *in, const char *function);
