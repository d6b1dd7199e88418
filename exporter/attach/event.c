/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event: tracepoints, by a program on the perf event of each. It is a clone with the target's
 * descriptor in its code.
 *
 * raw_event is cheaper, but has the tracepoint's arguments instead of the fields of its record, and
 * on Linux 7 misses events while a task is preempted in the program.
 */
#include "attach/batch.h"
#include "attach/site.h"
#include "attach/point.h"

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct point *p = point__new(slot);
	struct program_site site = site__of(slot->target);

	return point__attach(c, PROG_EVENT_COUNT, &site,
			     point__open_tracepoint(c, slot->target->function), p, at);
}

const struct attach_ops attach_event = {
	.name = "event",
	.type = TARGET_EVENT,
	.counting = PROG_BIT(PROG_EVENT_COUNT),
	.missed = 1U << MISSED_RECURSION,
	.files = 2,
	.requires = FEATURE_BIT(FEATURE_TRACEFS) | FEATURE_BIT(FEATURE_PERF_EVENTS),
	.caveat = point__caveat,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = point__detach_slot,
	.count = point__count_slots,
};
