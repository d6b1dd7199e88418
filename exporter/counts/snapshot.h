/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only reader of counters: sums them over the CPUs. No strings, no names.
 *
 * A snapshot is one pass over the mapped counters and reads each of them once. All derived numbers,
 * such as a histogram's count, come from that one read. So a count always equals the sum of its
 * buckets.
 */
#pragma once

#include "counts/banks.h"

struct snap_value {
	int64_t value; /* errno, positive; or the result's number */
	uint64_t count;
	uint32_t cell; /* while a snapshot is taken */
};

/* Sorts values by cell and value, and adds up the counts of equal ones. Returns their number. */
size_t snap_values__merge(struct snap_value *v, size_t n);

/* One cell, summed over the CPUs. */
struct snap_cell {
	uint64_t *words;	   /* as in abi.h: RP_CELL_CLASS, RP_CELL_SUM, RP_CELL_GRID */
	uint64_t *hists;	   /* of the target's histograms of integers, each hist_words */
	struct snap_value *values; /* ordered by value; a count may be 0 */
	size_t nvalues;
};

/* The values of a label set's labels, shared by the snapshots that show it. */
struct label_texts {
	int refs;
	size_t n;
	char *v[];
};
/* The label value of calls without a label set. */
#define LABEL_OTHERS "_other"

struct label_texts *label_texts__ref(struct label_texts *t);
void label_texts__unref(struct label_texts *t); /* NULL is fine */

/* A label set in use, with all sets of the target that have the same text. */
struct snap_set {
	uint32_t slot, gen; /* which user of the slot */
	struct rp_label_key key;
	struct snap_cell cell;
	struct label_texts *texts; /* NULL until label_cache__apply() */
};

struct snap_target {
	struct snap_cell cell; /* with labels: calls in no label set */
	uint64_t events[RP_EVENT_MAX];
	struct snap_set *sets; /* by slot */
	size_t nsets;
	size_t taken;	  /* slots that its label sets use, of max_series */
	size_t free_sets; /* free slots, for all targets */
};

struct snapshot {
	struct snap_target *targets; /* by id */
	size_t n;
	uint32_t hist_words;
};

/* Reads everything. extras: by target id, NULL for targets without captures. Returns NULL with
 * errno: ENOMEM, or EAGAIN if adjustments changed during each attempt. */
struct snapshot *snapshot__take(const struct banks *b, const struct capture_spec *const *extras);
void snapshot__free(struct snapshot *s);

/* Calls counted. */
uint64_t snap_cell__calls(const struct snap_cell *c, const struct histogram_layout *g);

/* ---- single counters, for missed calls, labels and the rate guard ---- */

/* Calls counted, in all label sets. calls: by target id. */
void snapshot__count_calls(const struct banks *b, uint64_t *calls);
/* Calls for which our programs ran, counted or not. runs: by target id. */
void snapshot__count_runs(const struct banks *b, uint64_t *runs);
/* Calls counted in one cell. */
uint64_t snapshot__calls_in(const struct banks *b, uint32_t cell);
void snapshot__events(const struct banks *b, uint32_t id, uint64_t events[RP_EVENT_MAX]);
void snapshot__entered(const struct banks *b, uint64_t entered[RP_ENTERED_MAX]);
/* Returns of one target for which its program has run. */
uint64_t snapshot__returns_seen(const struct banks *b, uint32_t id);
/* Adds the words of a cell, or of one of its histograms, to out, adjustments included. */
void snapshot__add_cell(const struct banks *b, uint32_t cell, uint64_t *out);
void snapshot__add_hist(const struct banks *b, uint32_t cell, uint32_t hist, uint64_t *out);
/* The count of a value, adjustments included. */
uint64_t snapshot__value_count(const struct banks *b, uint32_t slot);
