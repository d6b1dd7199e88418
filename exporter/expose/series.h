/* SPDX-License-Identifier: GPL-2.0-only */
/* The series of a target: one for each label set, and one for what has none. */
#pragma once

#include "expose/expo.h"
#include "expose/metrics_input.h"
#include "expose/target_labels.h"
#include "expr/capture.h"

struct series {
	const struct target_state *state;
	const struct snap_cell *cell;
	struct label labels[TARGET_LABELS + CAPTURE_LABELS_MAX + 2]; /* two more for the family */
	size_t nlabels;
	const struct exemplar *exemplars;
	size_t nexemplars;
};

typedef void series_writer(const struct metrics_input *in, struct series *sr, struct expo *e);

struct series_family {
	struct metric_family family;
	series_writer *each; /* for each series, or: */
	void (*all)(const struct metrics_input *in, struct expo *e);
};

/* Writes n families, with the series of each target that passes the filter. */
void series__write_families(const struct series_family *families, size_t n,
			    const struct metrics_input *in, struct expo *e);
/* Of its durations. */
static inline const struct histogram_layout *series__layout(const struct metrics_input *in,
							    const struct series *sr)
{
	return sr->state->target->layout ? sr->state->target->layout : in->layout;
}
/* Writes a sample for each result, with `outcome` and `value`. skip: so many of the first labels.
 */
void series__write_results(struct series *sr, size_t skip, struct expo *e);
