/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uprobe: USDT probes, by a program at each of their places, and entries of functions. On a
 * uprobe.multi link or a perf event. It is a clone with the target's descriptor in its code, and
 * with where the arguments are.
 */
#include "attach/batch.h"
#include "attach/site.h"
#include "attach/point.h"

struct uprobe {
	size_t n;
	struct point places[];
};

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	struct uprobe *u = take_ptr(slot->state);

	for (size_t i = 0; i < u->n; i++)
		point__detach(&u->places[i]);
	free(u);
}

static int attach_place(struct attach_context *c, const struct target *t, size_t i,
			struct point *out, enum attempt *at)
{
	const struct point_place *place = &t->points[i];
	struct program_site site = site__of(t);

	site.capture = place->capture;
	site.spec |= RP_DESC_ADD_PART(i); /* each has a clone */
	return point__attach_in_file(c, PROG_USDT_COUNT, &site, place, false, out, at);
}

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	const struct target *t = slot->target;
	struct uprobe *u = slot->state = xcalloc(1, sizeof(*u) + t->npoints * sizeof(u->places[0]));
	int err = 0;

	for (; u->n < t->npoints && !err; u->n++)
		err = attach_place(c, t, u->n, &u->places[u->n], at);
	return err;
}

static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct uprobe *u = slots[i]->state;

		if (slots[i]->attached)
			out[slots[i]->target->id].missed[MISSED_RECURSION] +=
				point__skipped(u->places, u->n);
	}
}

static const char *unavailable(struct features *f)
{
	if (features__has(f, FEATURE_UPROBE_MULTI))
		return NULL;
	return features__missing_of(f, FEATURE_BIT(FEATURE_PERF_EVENTS) |
					       FEATURE_BIT(FEATURE_UPROBE_PMU));
}

static const char *caveat(struct features *f)
{
	return features__has(f, FEATURE_UPROBE_MULTI) ? NULL : ATTACH_SKIPPED_EVENTS;
}

const struct attach_ops attach_uprobe = {
	.name = "uprobe",
	.type = TARGET_USER_EVENT,
	.counting = PROG_BIT(PROG_USDT_COUNT),
	.missed = 1U << MISSED_RECURSION,
	.files = 2, /* per place */
	.unavailable = unavailable,
	.caveat = caveat,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = detach,
	.count = count,
};
