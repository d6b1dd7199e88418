/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Filters on what is known when a call returns: its duration, its outcome and its result. */
#pragma once

#include "fields.bpf.h"

/* What is known about a finished call; constants of the caller. */
#define KNOWS_RESULT   1
#define KNOWS_DURATION 2

static __always_inline bool ending_passes(const struct rp_ending *e, __u64 desc, __u32 outcome,
					  __u32 knows, __u64 ret, __u64 ns)
{
	if (knows & KNOWS_DURATION ? ns < e->min_ns || ns > e->max_ns
				   : e->min_ns || e->max_ns != ~0ULL)
		return false;
	if (e->outcomes && !(e->outcomes & outcome))
		return false;
	return !e->result.set || (knows & KNOWS_RESULT && rp_test(&e->result, desc, ret));
}

/* Of each group of alternatives, one must pass. */
static __noinline bool endings_pass(__u64 desc, __u32 outcome, __u32 knows, __u64 ret, __u64 ns)
{
	const struct rp_capture_spec *x = capture_spec();
	bool passes = false;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < RP_ALTERNATIVES; i++) {
		const struct rp_ending *e = &x->ending[i];

		if (RP_FILTERS + i >= x->nresults)
			break;
		passes |= ending_passes(e, desc, outcome, knows, ret, ns);
		if (e->last && !passes)
			return false;
		if (e->last)
			passes = false;
	}
	return true;
}

/* Whether a finished call is to be counted. An unknown duration matches no filter. */
static __always_inline bool passes_return(const struct rp_capture_spec *x, __u64 desc,
					  __u32 outcome, __u32 knows, __u64 ret, __u64 ns)
{
	if (knows & KNOWS_DURATION ? ns < x->min_ns || ns > x->max_ns
				   : x->min_ns || x->max_ns != ~0ULL)
		return false;
	if (x->outcomes && !(x->outcomes & outcome))
		return false;
	if (x->nresults > RP_FILTERS)
		return endings_pass(desc, outcome, knows, ret, ns);
	for (__u32 i = 0; i < RP_FILTERS && i < x->nresults; i++)
		if (!(knows & KNOWS_RESULT) || !rp_test(&x->result[i], desc, ret))
			return false;
	return true;
}
