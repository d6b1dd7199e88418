/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Filters on what is known when a call returns: its duration, its outcome and its result. They
 * decide which calls are counted, and which of these are sampled. */
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
static __always_inline bool all_endings_pass(const struct rp_returned *x, __u64 desc, __u32 outcome,
					     __u32 knows, __u64 ret, __u64 ns)
{
	bool passes = false;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < RP_ALTERNATIVES; i++) {
		const struct rp_ending *e = &x->ending[i];

		if (i >= x->nendings)
			break;
		passes |= ending_passes(e, desc, outcome, knows, ret, ns);
		if (e->last && !passes)
			return false;
		if (e->last)
			passes = false;
	}
	return true;
}

/* Not inlined, and each for one set of filters: a program has no more than five arguments. */
static __noinline bool endings_pass(__u64 desc, __u32 outcome, __u32 knows, __u64 ret, __u64 ns)
{
	return all_endings_pass(&capture_spec()->counted, desc, outcome, knows, ret, ns);
}

static __noinline bool endings_pass_when(__u64 desc, __u32 outcome, __u32 knows, __u64 ret,
					 __u64 ns)
{
	return all_endings_pass(&capture_spec()->sampling.when, desc, outcome, knows, ret, ns);
}

/* Whether a finished call is to be counted (or, with `when`, sampled). An unknown duration matches
 * no filter. */
static __always_inline bool passes_return(const struct rp_returned *x, bool when, __u64 desc,
					  __u32 outcome, __u32 knows, __u64 ret, __u64 ns)
{
	__u32 filters = x->filters;

	/* Calls without a filter pay for one load: the verifier removes branches that are never
	 * taken, and leaves a jump for those that always are. */
	if (__builtin_expect(!filters, 1))
		return true;
	if (filters & RP_RETURNED_DURATION &&
	    (!(knows & KNOWS_DURATION) || ns < x->min_ns || ns > x->max_ns))
		return false;
	if (filters & RP_RETURNED_OUTCOME && !(x->outcomes & outcome))
		return false;
	if (filters & RP_RETURNED_ENDINGS)
		return when ? endings_pass_when(desc, outcome, knows, ret, ns)
			    : endings_pass(desc, outcome, knows, ret, ns);
	if (filters & RP_RETURNED_RESULT)
		for (__u32 i = 0; i < RP_FILTERS && i < x->nresults; i++)
			if (!(knows & KNOWS_RESULT) || !rp_test(&x->result[i], desc, ret))
				return false;
	return true;
}
