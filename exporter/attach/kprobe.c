/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kprobe: entries of kernel functions, by a program on the perf event of a kprobe. It is a clone
 * with the target's descriptor in its code.
 */
#include "attach/batch.h"
#include "attach/site.h"
#include "attach/point.h"

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	const struct target *t = slot->target;
	struct point *p = point__new(slot);
	struct program_site site = site__of(t);
	__cleanup_free char *symbol = target__is_in_module(t)
					      ? xasprintf("%s:%s", t->object, t->symbol)
					      : xstrdup(t->symbol);

	return point__attach_at_entry(c, PROG_ENTRY_COUNT, &site, symbol, p, at);
}

const struct attach_ops attach_kprobe = {
	.name = "kprobe",
	.type = TARGET_ENTRY,
	.counting = PROG_BIT(PROG_ENTRY_COUNT),
	.missed = 1U << MISSED_RECURSION,
	.files = 3,
	.needs = KPROBE_SWITCHES,
	.requires = FEATURE_BIT(FEATURE_PERF_EVENTS) | FEATURE_BIT(FEATURE_KPROBE_EVENTS),
	.caveat = point__caveat,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = point__detach_slot,
	.count = point__count_slots,
};
