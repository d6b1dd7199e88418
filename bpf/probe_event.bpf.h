/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * event: tracepoints of the kernel, by a program on the perf event of each. A clone per target.
 *
 * The context is the record of the event, as its format file in tracefs describes it; the kernel
 * has put a pointer in place of the first eight bytes. Programs of perf events run with preemption
 * off. They return 1: with 0, perf would not see the event any more.
 */
#pragma once

#include "capture.bpf.h"
#include "clone.bpf.h"

/* The only argument is the address of the record. Read as memory, because the verifier forbids
 * arithmetic on ctx. args: where to put it. */
static __always_inline struct entry entry_of_event(void *ctx, struct args *args)
{
	asm volatile("" : "=m"(*args)); /* nothing reads the others */
	if (capture_spec()->reads_args)
		bpf_probe_read_kernel(&args->v[0], sizeof(args->v[0]), &ctx);
	else
		args->v[0] = 0; /* the compiler may read it early, which 6.1 refuses */
	return (struct entry){ .args = args, .way = AT_RETURN };
}

SEC("tracepoint")
int event_count(void *ctx)
{
	count_return_only(RP_EXCLUSIVE, desc_of_clone(), 0);
	return 1;
}

SEC("tracepoint")
int event_count_capturing(void *ctx)
{
	struct args args;
	struct entry entry = entry_of_event(ctx, &args);
	struct capture capture = {};
	__u64 desc = desc_of_clone();

	if (make_capture(&entry, desc, &capture, UNREADABLE))
		count_captured_untimed(ctx, &capture, desc, 0, RP_EXCLUSIVE);
	else
		count_event(RP_EXCLUSIVE, RP_DESC_ID(desc), RP_EVENT_FILTERED);
	return 1;
}
