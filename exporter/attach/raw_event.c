/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * raw_event: raw tracepoints, by a program that the kernel's code calls with the tracepoint's
 * arguments. No record is made, which is most of the cost of `event`. It is a clone with the
 * target's descriptor in its code.
 *
 * Kernels that skip runs of such programs (6.1+) count them (__bpf_trace_run() in
 * kernel/trace/bpf_trace.c).
 */
#include "attach/batch.h"
#include "attach/site.h"
#include "attach/point.h"

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct point *p = point__new(slot);
	struct program_site site = site__of(slot->target);

	return point__attach_raw(c, PROG_RAW_EVENT_COUNT, &site, slot->target->function, p, at);
}

static const char *caveat(struct features *f)
{
	return features__has(f, FEATURE_NO_PREEMPTION)
		       ? NULL
		       : "on Linux 7, events are missed, and counted as such, while a task is "
			 "preempted in the program on their CPU; tracepoint has none of that";
}

const struct attach_ops attach_raw_event = {
	.name = "raw_event",
	.type = TARGET_RAW_EVENT,
	.counting = PROG_BIT(PROG_RAW_EVENT_COUNT),
	.missed = 1U << MISSED_RECURSION,
	.files = 2,
	.caveat = caveat,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = point__detach_slot,
	.count = point__count_slots,
};
