/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event: tracepoints and USDT probes, by a program on the perf event of each place. It is a clone
 * with the target's descriptor in its code.
 *
 * Raw tracepoint programs would be cheaper. But the kernel skips them while a task is preempted
 * inside one, and they have the tracepoint's arguments instead of the fields of its record.
 */
#include "attach/batch.h"
#include "attach/site.h"
#include "attach/point.h"

struct event {
	size_t n; /* a tracepoint has one */
	struct point places[];
};

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	struct event *e = take_ptr(slot->state);

	for (size_t i = 0; i < e->n; i++)
		point__detach(&e->places[i]);
	free(e);
}

static int attach_place(struct attach_context *c, const struct target *t, size_t i,
			struct point *out, enum attempt *at)
{
	const struct point_place *place = &t->points[i];
	struct program_site site = site__of(t);

	site.capture = place->capture;
	site.spec |= RP_DESC_ADD_PART(i); /* each has a clone */
	return point__attach(c, PROG_USDT_COUNT, &site,
			     perf_event__open_usdt(place->opened->path, place->offset,
						   place->semaphore),
			     out, at);
}

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	const struct target *t = slot->target;
	size_t n = t->npoints ? t->npoints : 1;
	struct event *e = slot->state = xcalloc(1, sizeof(*e) + n * sizeof(e->places[0]));
	struct program_site site = site__of(t);
	int err = 0;

	for (; e->n < n; e->n++)
		e->places[e->n] = POINT_NONE;
	if (!t->npoints)
		return point__attach(c, PROG_EVENT_COUNT, &site,
				     point__open_tracepoint(c, t->function), e->places, at);
	for (size_t i = 0; i < n && !err; i++)
		err = attach_place(c, t, i, &e->places[i], at);
	return err;
}

/* A clone belongs to one place, and so do its skipped runs. */
static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct event *e = slots[i]->state;

		for (size_t k = 0; slots[i]->attached && k < e->n; k++)
			out[slots[i]->target->id].missed[MISSED_RECURSION] +=
				programs__count_fd(e->places[k].program).skipped;
	}
}

static const char *caveat(struct features *f)
{
	return ATTACH_SKIPPED_EVENTS;
}

const struct attach_ops attach_event = {
	.name = "event",
	.type = TARGET_EVENT,
	.counting = PROG_BIT(PROG_EVENT_COUNT) | PROG_BIT(PROG_USDT_COUNT),
	.missed = 1U << MISSED_RECURSION,
	.files = 2,
	.requires = FEATURE_BIT(FEATURE_TRACEFS) | FEATURE_BIT(FEATURE_PERF_EVENTS),
	.caveat = caveat,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = detach,
	.count = count,
};
