/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A view of the pool: counters of CPUs that have none of their own (bpf/pool.bpf.h).
 *
 * A row belongs to one cell, and a cell may have several. They are found in one pass over the
 * owners, whose result is a list by cell.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"

struct pool_view {
	const volatile uint64_t *rows;	 /* nrows that cells take, then nshared: one of each cell */
	const volatile uint64_t *owners; /* of the first nrows: 1 + cell; 0: free */
	const volatile uint64_t *shared; /* rows of RP_EVENT_MAX words: event counters of nevents
					    targets in each of nbanks banks, then nbrief cells */
	uint32_t width;			 /* of a row, in words */
	uint32_t nrows, nshared;
	uint32_t nbanks, nevents, nbrief;
};

struct pool_list {
	uint32_t ncells;
	uint32_t *first; /* by cell: 1 + row; 0: none */
	uint32_t *next;	 /* by row: likewise */
};

/* False: no memory. Free the list in either case. */
bool pool_list__make(const struct pool_view *v, uint32_t ncells, struct pool_list *out);
void pool_list__free(struct pool_list *l);

/* Adds the first n words of a cell to out. At least RP_CELL_BINS, as brief cells have. list: NULL
 * searches the owners. */
void pool__add_cell(const struct pool_view *v, const struct pool_list *list, uint32_t cell,
		    uint32_t n, uint64_t *out);
void pool__add_events(const struct pool_view *v, uint32_t id, uint64_t events[RP_EVENT_MAX]);
