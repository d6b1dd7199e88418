/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adjustments of the kernel's counters: a reader adds them to the sum over the CPUs.
 *
 * Counters in the kernel are never reset, because a program may be counting in them. To move the
 * counts of a label set to _other, its adjustments are decreased and those of _other increased. The
 * attacher owns them, and copies them to memory that servers can only read (base/shared.h). So no
 * count is lost with a server that crashes.
 *
 * Each cell may also have an alias, the cell in whose series it is shown: label sets with the same
 * text are one series.
 *
 * One process writes. A reader sums up between adjustments__begin_read() and
 * adjustments__changed(), and starts over if the latter returns true.
 */
#pragma once

#include "base/shared_memory.h"

struct adjustments {
	struct adjustments_head {
		uint32_t version; /* odd during a change */
	} * head;
	uint64_t *cells; /* ncells rows, as wide as a cell */
	uint64_t *hists; /* nhists rows */
	uint64_t *values;
	uint32_t *alias; /* by cell: 1 + the other cell; 0: none */
	uint8_t *used;	 /* by cell: whether its rows were ever written */
	uint32_t ncells, cell_width, nhists, hist_width, nvalues;
	size_t size;
	struct shared_memory copy; /* has the same layout; a reader has none */
};

/* Bytes, by the numbers and widths in *l. Memory that was never written takes none. */
size_t adjustments__size(const struct adjustments *l);
/* Allocates memory for the numbers and widths in *l. 0 or a negative errno. */
int adjustments__init(struct adjustments *l);
void adjustments__destroy(struct adjustments *l);
/* For a reader, which has the sizes and a mapping of the copy: sets the pointers. */
void adjustments__read(struct adjustments *l, const void *copy);

/* Enclose changes that a reader must see together. */
void adjustments__begin(struct adjustments *l);
void adjustments__end(struct adjustments *l);

/* Adds n words to the adjustments (cells, hists or values) at `to`, or subtracts them. */
void adjustments__add(struct adjustments *l, uint64_t *to, const uint64_t *words, size_t n);
void adjustments__subtract(struct adjustments *l, uint64_t *from, const uint64_t *words, size_t n);
/* Marks a cell's rows as written. */
void adjustments__use(struct adjustments *l, uint32_t cell);

/* Shows the counts of `cell` in another cell, or with other == cell in itself again. */
void adjustments__set_alias(struct adjustments *l, uint32_t cell, uint32_t other);
uint32_t adjustments__alias_of(const struct adjustments *l, uint32_t cell);

/* 0 and *version, or -EAGAIN if a change does not end within a second. */
int adjustments__begin_read(const struct adjustments *l, uint32_t *version);
bool adjustments__changed(const struct adjustments *l, uint32_t version);
