/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only reader of cells: sums the CPUs into plain numbers. No strings, no names.
 *
 * A snapshot is one pass over the mapped banks, each counter read once. Every number in it that is
 * derived (a histogram's count) is derived from that one read, so that law 1 holds by construction.
 */
#ifndef COUNTS_SNAPSHOT_H
#define COUNTS_SNAPSHOT_H

#include "counts/banks.h"

struct snap_detail {
	int64_t value; /* errno, positive; or the result's number */
	uint64_t count;
};

/* One cell, summed over the CPUs. */
struct snap_cell {
	uint64_t *words;	     /* as in abi.h: RP_CELL_CLASS, RP_CELL_SUM, RP_CELL_GRID */
	uint64_t *hists;	     /* of the target's histograms of integers, each hist_words */
	struct snap_detail *details; /* ordered by value; a count may be 0 */
	size_t ndetails;
};

/* The values of a label set's labels, shared by the readings that show it. */
struct label_texts {
	int refs;
	size_t n;
	char *v[];
};
/* What labels read of calls that have no label set. */
#define LABEL_OTHERS "_other"

struct label_texts *label_texts__ref(struct label_texts *t);
void label_texts__unref(struct label_texts *t); /* NULL is fine */

/* A label set in use, and all those of the target whose labels read the same. */
struct snap_set {
	uint32_t slot, gen; /* which user of the slot */
	struct rp_label_key key;
	struct snap_cell cell;
	struct label_texts *texts; /* NULL until somebody who knows them sets them */
};

struct snap_target {
	struct snap_cell cell; /* with labels: what no label set has */
	uint64_t events[RP_EVENT_MAX];
	struct snap_set *sets; /* by slot */
	size_t nsets;
	size_t taken;	  /* slots that its label sets have, of max_series */
	size_t free_sets; /* slots that this target and others may still take */
};

struct snapshot {
	struct snap_target *targets; /* by id */
	size_t n;
	uint32_t hist_words;
};

/* One read of everything. extras: by target id, NULL for those that have none; or NULL. NULL with
 * errno: ENOMEM; or EAGAIN, at each try something was being moved. */
struct snapshot *snapshot__take(const struct banks *b, const struct capture_spec *const *extras);
void snapshot__free(struct snapshot *s);

/* Calls counted: the sum of the grid, of all label sets. */
uint64_t snapshot__calls(const struct snap_target *t, const struct grid *g);
uint64_t snap_cell__calls(const struct snap_cell *c, const struct grid *g);

/* ---- for those who need to know no more: losses, labels, reconcile ---- */

/* Calls counted, of all label sets. calls: by target id. */
void snapshot__count_calls(const struct banks *b, uint64_t *calls);
/* Calls that our programs ran for, whatever became of them. runs: by target id. */
void snapshot__count_runs(const struct banks *b, uint64_t *runs);
/* Calls counted in one cell. */
uint64_t snapshot__calls_in(const struct banks *b, uint32_t cell);
void snapshot__events(const struct banks *b, uint32_t id, uint64_t events[RP_EVENT_MAX]);
void snapshot__entered(const struct banks *b, uint64_t entered[RP_ENTERED_MAX]);
/* Returns of one target that its program has seen by now, counted or tallied. */
uint64_t snapshot__returns_seen(const struct banks *b, uint32_t id);
/* Words of a cell and of one of its histograms, and a detail; the adjustments's part included. The
 * words are added to out. */
void snapshot__add_cell(const struct banks *b, uint32_t cell, uint64_t *out);
void snapshot__add_hist(const struct banks *b, uint32_t cell, uint32_t hist, uint64_t *out);
uint64_t snapshot__detail(const struct banks *b, uint32_t slot);

#endif /* COUNTS_SNAPSHOT_H */
