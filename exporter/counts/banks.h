/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read-only views of one generation's counters, which programs and the attacher write.
 *
 * The attacher gets them from object/object.h. A server receives sizes and descriptors, and maps
 * the memory itself.
 */
#pragma once

#include "bpf/samples.h"
#include "expr/capture.h"
#include "base/histogram_layout.h"
#include "base/image.h"
#include "counts/adjustments.h"
#include "counts/pool.h"

/* Counters of bank b, entry i: base[(b * bank_stride + i * stride) * width]. A bank belongs to one
 * CPU; the last ones may be shared. */
struct bank_view {
	const volatile uint64_t *base;
	uint32_t nbanks, bank_stride, stride, width, n;
};

/* Label sets: slot s of n counts in cell first + s. */
struct label_sets_view {
	const volatile struct rp_label_set *v;
	uint32_t n, first;
};

enum bank {
	BANK_CELLS,
	BANK_EVENTS,
	BANK_HISTS,
	BANK_VALUE_COUNTS,
	BANK_VALUE_SLOTS,
	BANK_LABEL_SETS,
	BANK_ADJUSTMENTS,
	BANK_POOL,
	BANK_POOL_OWNERS,
	BANK_SHARED_ROWS,
	BANK_SAMPLING,
	BANKS,
};

struct banks {
	const struct histogram_layout *layout;
	struct bank_view cells, events, hists, value_counts;
	struct pool_view pool;	  /* added to cells and events; without rows: there is none */
	struct bank_view entered; /* one entry: an rp_entered array; in the attacher only */
	const volatile struct rp_value_slot *value_slots; /* value_counts.n */
	struct label_sets_view label_sets;
	const volatile struct rp_sampling *sampling; /* by target id; NULL: none is sampled */
	/* Added to cells, histograms and values; without a head: there are none. */
	struct adjustments adjustments;
	uint32_t own_hists, hists_per_set; /* of all targets together, and of each label set */
	/* The memory behind the views; fd -1: there is none. */
	struct bank_source {
		int fd;
		uint64_t size;
	} sources[BANKS];
};

/* Index of the first histogram of a cell: the target's own, or a label set's. */
uint32_t banks__hist_of(const struct banks *b, uint32_t cell, const struct capture_spec *x);
struct adjustments *banks__adjustments(const struct banks *b); /* NULL: there is none */

/* Reads or writes all fields but the layout and the pointers. */
void banks__image(struct image *io, struct banks *b);
/* After reading: maps the memory, and closes the descriptors. 0 or a negative errno. */
int banks__map(struct banks *b);
void banks__unmap(struct banks *b);
