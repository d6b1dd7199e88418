/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counters of CPUs that have none of their own: CPUs that came online after the start, and all CPUs
 * if own counters for each would take too much memory.
 *
 * A call looks for its CPU's own cell first and finds none, so nobody else pays for the pool. A
 * cell takes a row of the pool with its first call, for one CPU or for all late ones (pool_lanes),
 * and keeps it. When the pool is used up, its calls count in a row that all CPUs share, or, where
 * there is none, in a brief cell, which has no histogram.
 *
 * All additions are atomic. Two calls may take a row for the same cell at once, as 5.10 has no
 * compare-and-swap. Both rows count: user space sums the rows by their owner, and does not read the
 * index.
 */
#pragma once

#include "abi.h"
#include "kernel.h"

const volatile __u32 pool_lanes;       /* rows that a cell may have: one, or one per CPU */
const volatile __u32 pool_rows;	       /* those that can be taken; the shared ones follow */
const volatile __u32 shared_mask;      /* number of shared banks - 1; a power of 2 */
const volatile __u32 own_banks;	       /* CPUs with value counters of their own */
const volatile bool sets_are_pooled;   /* all cells of label sets */
const volatile bool shares_banks;      /* some CPU has no counters of its own */
const volatile __u32 first_brief_cell; /* in shared_rows; the rows before are event counters */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} pool SEC(".maps");

/* By row: 1 + the cell; 0: free. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} pool_owners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, sizeof(__u32));
} pool_free SEC(".maps");

/* By cell, an array of pool_lanes: 1 + the row; 0: none yet. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} pool_index SEC(".maps");

/* Event counters of all targets in each shared bank, then brief cells. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64) * RP_EVENT_MAX);
} shared_rows SEC(".maps");
_Static_assert(RP_CELL_BINS <= RP_EVENT_MAX, "a brief cell fits into a row");

static __always_inline __u32 shared_bank(void)
{
	return bpf_get_smp_processor_id() & shared_mask;
}

/* The bank of this CPU in a map whose shared banks follow the `own` ones. */
static __always_inline __u32 bank_of_cpu(__u32 own)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return cpu < own ? cpu : own + shared_bank();
}

static __always_inline __u32 take_row(__u32 *index, __u32 cell)
{
	__u64 *owner;
	__u32 row;

	if (bpf_map_pop_elem(&pool_free, &row)) {
		row = pool_rows + cell;
	} else {
		owner = bpf_map_lookup_elem(&pool_owners, &row);
		if (owner)
			*owner = 1 + cell;
	}
	*index = 1 + row;
	return row;
}

/* NULL: the pool is used up, and has no shared rows. */
static __always_inline __u64 *pooled_cell(__u32 cell)
{
	__u32 lanes = pool_lanes, lane = 0, row, *index;

	index = bpf_map_lookup_elem(&pool_index, &cell);
	if (lanes > 1)
		lane = bpf_get_smp_processor_id();
	if (!index || lane >= lanes)
		return NULL;
	index += lane;
	row = *index ? *index - 1 : take_row(index, cell);
	return bpf_map_lookup_elem(&pool, &row);
}

static __always_inline __u64 *brief_cell(__u32 cell)
{
	__u32 row = first_brief_cell + cell;

	return bpf_map_lookup_elem(&shared_rows, &row);
}
