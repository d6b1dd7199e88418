/* SPDX-License-Identifier: GPL-2.0-only */
/* The data that one exposition is made from. */
#pragma once

#include "base/histogram_layout.h"
#include "probes/target_state.h"

struct self; /* base/self.h */

/* Everything is borrowed for the duration of the call. */
struct metrics_input {
	const struct histogram_layout *layout, *size_layout;
	const struct target_state *targets;
	size_t ntargets;
	uint32_t hist_words;		       /* words of each histogram in snap_cell.hists */
	const struct missed_program *programs; /* MISSED_MECHANISMS; NULL: none */
	const struct self *self;	       /* NULL: pages/pages.c fills it in */
	uint64_t cell_bytes;
	const char *const *functions; /* `function[]` filter, exact, ORed; NULL: no filter */
	size_t nfunctions;
	void *scrape; /* for process/scrape.c, which releases it */
};

/* Whether the filter lets a function through. */
bool metrics_input__wants(const struct metrics_input *in, const char *function);
