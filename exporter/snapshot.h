/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only reader of cells: sums the CPUs into plain numbers. No strings, no names.
 *
 * A snapshot is one pass over the mapped banks, each counter read once. Every number in it that is
 * derived (a histogram's count) is derived from that one read, so that law 1 holds by construction.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "bpf/abi.h"
#include "grid.h"
#include "util.h"

struct bpfobj;

/* Calls that are in no other number. Names are in metrics.c. */
enum missed_reason {
	MISSED_RECURSION, /* the kernel did not run a program of ours: another was running */
	MISSED_MAXACTIVE, /* the kernel had no free return slot */
	MISSED_NO_ENTRY,  /* the return was seen, the entry was not, or had no memory for its frame
			   */
	MISSED_DEPTH,	  /* nested deeper than the kernel sees returns (user functions) */
	MISSED_MAX,
};

struct snap_detail {
	int64_t value; /* errno, positive; or enumerator */
	uint64_t count;
};

struct snap_target {
	uint64_t sum_ns;
	uint64_t cls[RP_CLASS_MAX];
	const uint64_t *cells;		   /* grid->ncells */
	const struct snap_detail *details; /* ordered by value */
	size_t ndetails;
	uint64_t tally[RP_TALLY_MAX];
};

struct snapshot {
	struct snap_target *targets; /* by id */
	size_t n;
};

/* One read of everything. NULL with errno if there is no memory (or bpf(2) failed, with percpu). */
struct snapshot *snapshot__take(const struct bpfobj *obj);
void snapshot__free(struct snapshot *s);

/* Calls counted: the sum of the grid. */
uint64_t snapshot__calls(const struct snap_target *t, const struct grid *g);

/* Returns of one target that its program has seen by now, counted or tallied. */
uint64_t snapshot__returns_seen(const struct bpfobj *obj, uint32_t id);

#endif /* SNAPSHOT_H */
