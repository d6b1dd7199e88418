/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows of the table: what was counted between two readings. A function with labels has a row
 * with all its calls, and one for each label set.
 */
#pragma once

#include "base/histogram_layout.h"
#include "bpf/samples.h"
#include "samples/report.h"
#include "top/reading.h"

/* A quantile is in a bin: above .above and at most .most, in ns. */
struct top_quantile {
	bool known;	/* false: no call with a known duration */
	bool unbounded; /* in the last bin: longer than all bounds */
	uint64_t above, most;
};

struct top_row {
	const struct target_state *state; /* as in struct reading_function */
	char *name;	  /* a PROBE, with the label set in braces; fit for terminals */
	size_t directory; /* bytes of the name that are the directory of a file */
	bool is_set;	  /* of a label set: missed calls and calls in flight are not known */
	const struct label_texts *texts; /* of a set; NULL: _other. Of the newer reading */
	bool counted;	/* false: the function has never been attached, so all of this is 0 */
	double seconds; /* between the readings; less if it was attached in between */
	struct snap_cell cell;
	uint64_t calls, errors, missed[MISSED_MAX], all_missed;
	struct top_quantile p50, p99;
	bool has_in_flight;
	uint64_t in_flight; /* at the newer reading */
	double time;	    /* seconds that the calls took; -1: without durations */
	bool sampled;	    /* the function; not in rows of sets */
	uint64_t samples, dropped[RP_DROP_MAX];
};

/* Borrowed. */
struct top_layouts {
	const struct histogram_layout *durations;
	const struct histogram_layout *integers; /* returned sizes and observed values */
};

struct top_rows {
	struct top_layouts layouts;
	double seconds;	     /* between the readings */
	uint32_t hist_words; /* as in struct reading */
	struct top_row *v;
	size_t n;
	uint64_t shared_missed;		      /* of no known function */
	const struct samples_report *samples; /* the newest, borrowed; NULL: none */
	uint64_t **cells;		      /* memory of the rows */
	size_t ncells;
};

/* newer must outlive the rows. older NULL: since the functions were attached. */
struct top_rows *rows__between(const struct reading *older, const struct reading *newer,
			       const struct top_layouts *layouts);
void rows__free(struct top_rows *rows); /* NULL is fine */

/* Sorts by a column: the greatest number first, and rows without a number last. Names ascend. */
void rows__sort(struct top_rows *rows, enum top_column column, bool reverse);

/* The bin of a quantile q of cells (layout->nbins counts). */
struct top_quantile rows__quantile(const uint64_t *cells, const struct histogram_layout *layout,
				   double q);
