/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space adds to what the kernel has counted, and takes away from it: one more bank beside
 * those of the CPUs.
 *
 * Counters in the kernel are never reset, because a program may be counting there. When the counts
 * of a label set become those of its target's others, the adjustments says so: plus there, minus
 * here. The process that folds has its own, and puts a copy into memory that those who serve can
 * only read (base/shared.h). It lives as long as that process does, so a server that crashes takes
 * no count with it.
 *
 * It also says which cell shows what is counted in another: label sets of which all labels read the
 * same are one series.
 *
 * One process writes. A reader takes its sums between adjustments__begin_read() and
 * adjustments__changed(), and begins anew if that says so.
 */
#ifndef COUNTS_ADJUSTMENTS_H
#define COUNTS_ADJUSTMENTS_H

#include "base/shared.h"

struct adjustments {
	struct adjustments_head {
		uint32_t version; /* odd while something is being moved */
	} * head;
	uint64_t *cells; /* ncells rows, each as wide as a cell's bank entry */
	uint64_t *hists; /* nhists rows */
	uint64_t *details;
	uint32_t *shown_in; /* by cell: see adjustments__set_alias() */
	uint8_t *used;	    /* by cell: whether anything was ever written in its rows */
	uint32_t ncells, cell_width, nhists, hist_width, ndetails;
	size_t size;
	struct shared_memory copy; /* with the same layout; a reader has none */
};

/* How much memory: what has never been written takes none. */
size_t adjustments__size(uint32_t ncells, uint32_t cell_width, uint32_t nhists, uint32_t hist_width,
			 uint32_t ndetails);
/* 0 or a negative errno. */
int adjustments__init(struct adjustments *l, uint32_t ncells, uint32_t cell_width, uint32_t nhists,
		      uint32_t hist_width, uint32_t ndetails);
void adjustments__destroy(struct adjustments *l);
/* For who has the sizes, and a mapping of the copy: what it reads. */
void adjustments__read(struct adjustments *l, const void *copy);

/* Around what is moved, and what is shown elsewhere from then on. */
void adjustments__begin(struct adjustments *l);
void adjustments__end(struct adjustments *l);

/* Adds n words to those of the adjustments (cells, hists, details) that begin at `to`, or takes
 * them away. */
void adjustments__add(struct adjustments *l, uint64_t *to, const uint64_t *words, size_t n);
void adjustments__subtract(struct adjustments *l, uint64_t *from, const uint64_t *words, size_t n);
/* Something has been written in the rows of a cell. */
void adjustments__use(struct adjustments *l, uint32_t cell);

/* What is counted in `cell` is shown in another, or again in itself. */
void adjustments__set_alias(struct adjustments *l, uint32_t cell, uint32_t other);
uint32_t adjustments__alias_of(const struct adjustments *l, uint32_t cell);

/* 0 and *version; -EAGAIN: something is being moved all the time, or whoever moves it has stopped
 * there. */
int adjustments__begin_read(const struct adjustments *l, uint32_t *version);
bool adjustments__changed(const struct adjustments *l, uint32_t version);

#endif /* COUNTS_ADJUSTMENTS_H */
