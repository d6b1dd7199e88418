/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space adds to what the kernel has counted, and takes away from it: one more bank beside
 * those of the CPUs.
 *
 * Counters in the kernel are never reset, because a program may be counting there. When the counts
 * of a label set become those of its target's others, the ledger says so: plus there, minus here.
 * The memory is shared by the process that folds and those that serve, and lives as long as they
 * do, so a server that crashes takes no count with it.
 *
 * It also says which cell shows what is counted in another: label sets of which all labels read the
 * same are one series.
 *
 * One process writes. A reader takes its sums between ledger__begin_read() and ledger__changed(),
 * and begins anew if that says so.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "util.h"

struct ledger {
	struct ledger_head {
		uint32_t version; /* odd while something is being moved */
	} * head;
	uint64_t *cells; /* ncells rows, each as wide as a cell's bank entry */
	uint64_t *hists; /* nhists rows */
	uint64_t *details;
	uint32_t *shown_in; /* by cell: see ledger__show_in() */
	uint8_t *used;	    /* by cell: whether anything was ever written in its rows */
	uint32_t ncells, cell_width, nhists, hist_width, ndetails;
	size_t size;
};

/* How much memory: what has never been written takes none. */
size_t ledger__size(uint32_t ncells, uint32_t cell_width, uint32_t nhists, uint32_t hist_width,
		    uint32_t ndetails);
/* 0 or a negative errno. */
int ledger__init(struct ledger *l, uint32_t ncells, uint32_t cell_width, uint32_t nhists,
		 uint32_t hist_width, uint32_t ndetails);
void ledger__destroy(struct ledger *l);

/* Around what is moved, and what is shown elsewhere from then on. */
void ledger__begin(struct ledger *l);
void ledger__end(struct ledger *l);

/* What is counted in `cell` is shown in another, or again in itself. */
void ledger__show_in(struct ledger *l, uint32_t cell, uint32_t other);
uint32_t ledger__shown_in(const struct ledger *l, uint32_t cell);

uint32_t ledger__begin_read(const struct ledger *l);
bool ledger__changed(const struct ledger *l, uint32_t version);

#endif /* LEDGER_H */
