/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The capture spec of a program, and what it keeps of a call. */
#pragma once

#include "addresses.bpf.h"

/* Stands for the map that has the program's spec. */
const volatile struct rp_capture_spec spec_of_program SEC(".rodata.capture");

struct capture {
	__u64 label; /* from label_of(), or CAPTURE_FILTERED */
	__u64 observed[RP_OBSERVED];
};

static __always_inline const struct rp_capture_spec *capture_spec(void)
{
	const struct rp_capture_spec *x = (const struct rp_capture_spec *)&spec_of_program;

	barrier_var(x); /* or clang folds the zeros that it sees here */
	return x;
}

/* The target of a program with captures on a link. Most specs are those of one function. */
static __always_inline __u64 desc_of_capturing_link(void *ctx)
{
	__u64 only = capture_spec()->only;

	return only ? only : desc_of_link(ctx);
}
