/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The histograms of sizes and observed values, of a target or of one of its label sets. */
#pragma once

#include "labels.bpf.h"
#include "measured.bpf.h"

const volatile struct rp_grid size_table;
const volatile __u32 size_last;		 /* the bin above its last threshold */
const volatile __u32 bank_hists;	 /* distance between the histograms of two CPUs */
const volatile __u32 own_hist_banks;	 /* CPUs with histograms of their own */
const volatile __u32 set_hists, per_set; /* first histogram of the label sets, and number per set */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} hists SEC(".maps");

/* Index of the first histogram of a target. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} first_hist SEC(".maps");

static __always_inline __u64 *hist_of(__u32 index)
{
	__u32 key = bank_of_cpu(own_hist_banks) * bank_hists + index;

	return bpf_map_lookup_elem(&hists, &key);
}

/* A value in the bins of a table, of which `last` is above the last threshold. */
static __always_inline void add_to_bins(enum rp_context c, __u32 index, __u64 value,
					const struct rp_grid *table, __u32 last)
{
	__u64 *h = hist_of(index);
	__u32 i;

	if (!h)
		return;
	add_in_bank(c, &h[RP_HIST_SUM], value);
	barrier_var(table);
	i = rp_grid_bin(table, value, last);
	barrier_var(i);
	if (i > last)
		i = last;
	add_in_bank(c, &h[RP_HIST_GRID + i], 1);
}

static __always_inline void add_to_hist(enum rp_context c, __u32 index, __u64 value)
{
	add_to_bins(c, index, value, (const struct rp_grid *)&size_table, size_last);
}

static __always_inline void observe(enum rp_context c, __u32 index, __u64 value)
{
	__u64 *h;

	if (value < RP_OBSERVED_END) {
		add_to_hist(c, index, value);
		return;
	}
	h = hist_of(index);
	if (h)
		add_in_bank(
			c, &h[value == RP_OBSERVED_UNREADABLE ? RP_HIST_UNREADABLE : RP_HIST_RANGE],
			1);
}

/* A measured value. ns: how long the call took, which no time off the CPU exceeds. */
static __noinline long count_measured(__u32 what, __u32 index, __u64 value, __u64 ns, __u32 context)
{
	enum rp_context c = context == RP_EXCLUSIVE ? RP_EXCLUSIVE : RP_PREEMPTIBLE;
	__u64 *h;

	if (what == RP_OFF_CPU) {
		if ((__s64)value < 0)
			value = 0;
		if (value > ns)
			value = ns;
		add_to_bins(c, index, value, (const struct rp_grid *)&grid_table, grid_last);
		return 0;
	}
	h = hist_of(index);
	if (!h)
		return 0;
	if (what == RP_USAGE) {
		add_in_bank(c, &h[RP_HIST_FAULTS], value >> 32);
		add_in_bank(c, &h[RP_HIST_SWITCHES], (__u32)value);
	} else if (value == COUNT_SWITCHED) {
		add_in_bank(c, &h[RP_HIST_SWITCHED], 1);
	} else if (value == COUNT_UNREAD) {
		add_in_bank(c, &h[RP_HIST_UNREAD], 1);
	} else {
		add_in_bank(c, &h[RP_HIST_COUNT], value);
	}
	return 0;
}

/* The word of a capture for measured value i. */
#define MEASURED(values, i) ((values)[RP_OBSERVED - 1 - (i)])

/* Adds sizes, observed and measured values to the histograms of the target, or of its label set. */
static __always_inline void count_hists(const struct rp_capture_spec *x, const __u64 *observed,
					__u64 desc, __u32 cell, bool has_size, __u64 ret, __u64 ns,
					enum rp_context c)
{
	bool sizes = RP_DESC_KIND(desc) == RP_KIND_SIZE;
	__u32 id = RP_DESC_ID(desc), hist = set_hists + (cell - bank_targets) * per_set, *first;

	if (!sizes && !x->nobserved && !x->nmeasured)
		return;
	if (cell == id) {
		first = bpf_map_lookup_elem(&first_hist, &id);
		if (!first)
			return;
		hist = *first;
	}
	if (sizes) {
		/* Same value as sign-extended, but the verifier of 5.10 sees that it ends at 4 GiB.
		 */
		if (has_size)
			add_to_hist(c, hist, rp_zero_extend(ret, RP_DESC_UNUSED(desc)));
		hist++;
	}
	for (__u32 i = 0; i < RP_OBSERVED && i < x->nobserved; i++)
		observe(c, hist + i, observed[i]);
	hist += x->nobserved;
	for (__u32 i = 0; i < RP_OBSERVED && i < x->nmeasured; i++)
		count_measured(x->measured[i], hist + i, MEASURED(observed, i), ns, c);
}
