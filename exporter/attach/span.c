/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * span: a program at each begin of a span, each end, and what cancels it. They share the table of
 * the running ones.
 *
 * An end is attached first and detached last, so that no span stays running because its end was
 * not watched. Those that run when the begin is detached are counted: they would never end.
 */
#include "attach/span.h"

#include <errno.h>

#include "attach/batch.h"
#include "attach/site.h"
#include "attach/point.h"
#include "object/spans.h"

struct span {
	struct point points[SPAN_PLACES_MAX];
	struct running_spans running;
};

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	struct span *s = take_ptr(slot->state);

	for (int i = 0; i < SPAN_PLACES_MAX; i++)
		point__detach(&s->points[i]);
	/* Those that are about to begin are counted, too. */
	if (slot->attached && !object__wait_for_programs(c->obj))
		slot->abandoned += running_spans__count(&s->running);
	running_spans__free(&s->running);
	free(s);
}

/* Which programs run at a place. */
enum where { AT_TRACEPOINT, AT_RAW_TRACEPOINT, AT_ENTRY, IN_FILE, PLACES };

static enum where where_is(const struct point_place *at)
{
	if (at->opened)
		return IN_FILE;
	switch (at->point->kind) {
	case POINT_TRACEPOINT:
		return AT_TRACEPOINT;
	case POINT_RAW_TRACEPOINT:
		return AT_RAW_TRACEPOINT;
	default:
		return AT_ENTRY;
	}
}

static int attach_point(struct attach_context *c, const struct target *t, struct span *s, size_t i,
			enum attempt *at)
{
	static const enum program_id programs[][PLACES] = {
		[SPAN_BEGIN] = { PROG_SPAN_BEGIN, PROG_SPAN_BEGIN_RAW, PROG_SPAN_BEGIN_AT_ENTRY,
				 PROG_SPAN_BEGIN_IN_FILE },
		[SPAN_END] = { PROG_SPAN_END, PROG_SPAN_END_RAW, PROG_SPAN_END_AT_ENTRY,
			       PROG_SPAN_END_IN_FILE },
		[SPAN_CANCEL] = { PROG_SPAN_CANCEL, PROG_SPAN_CANCEL_RAW, PROG_SPAN_CANCEL_AT_ENTRY,
				  PROG_SPAN_CANCEL_IN_FILE },
	};
	const struct point_place *place = &t->points[i];
	struct program_site site = site__of(t);
	enum program_id program;

	site.capture = place->capture;
	site.spans = s->running.hash;
	site.span_slots = s->running.slots;
	site.spec |= RP_DESC_ADD_PART(i); /* each has a clone */
	program = programs[place->point->role][where_is(place)];
	if (where_is(place) == IN_FILE)
		return point__attach_in_file(c, program, &site, place,
					     place->point->kind == POINT_RETURN, &s->points[i], at);
	if (where_is(place) == AT_RAW_TRACEPOINT)
		return point__attach_raw(c, program, &site, place->point->event, &s->points[i], at);
	if (where_is(place) == AT_ENTRY)
		return point__attach_at_entry(c, program, &site, place->point->function,
					      &s->points[i], at);
	return point__attach(c, program, &site, point__open_tracepoint(c, place->point->event),
			     &s->points[i], at);
}

/* As many as its programs know of (discover/points.c). */
static uint32_t slots_of(const struct attach_context *c, const struct span_settings *s)
{
	return features__has(c->features, FEATURE_ATOMICS) && span_settings__slot_bits(s)
		       ? 1U << span_settings__slot_bits(s)
		       : 0;
}

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct span *s = slot->state = xcalloc(1, sizeof(*s));
	const struct target *t = slot->target;
	const struct span_settings *settings = t->settings->span;
	int err = 0;

	for (size_t i = 0; i < SPAN_PLACES_MAX; i++)
		s->points[i] = POINT_NONE;
	*at = ATTEMPT_LOAD;
	err = running_spans__new(c->obj, settings->points[0].nkey, settings->max_running,
				 slots_of(c, settings), &s->running);
	for (size_t i = t->npoints; i-- && !err;)
		err = attach_point(c, t, s, i, at);
	return err;
}

static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct span *s = slots[i]->state;

		if (slots[i]->attached)
			out[slots[i]->target->id].missed[MISSED_RECURSION] +=
				point__skipped(s->points, SPAN_PLACES_MAX);
	}
}

int span__scan(const struct attach_slot *slot, struct object *obj, uint64_t *running,
	       uint64_t *oldest)
{
	const struct span *s = slot->state;

	return running_spans__scan(obj, &s->running, running, oldest);
}

const struct attach_ops attach_span = {
	.name = "span",
	.type = TARGET_SPAN,
	.programs = PROG_BIT(PROG_SPAN_BEGIN) | PROG_BIT(PROG_SPAN_END) |
		    PROG_BIT(PROG_SPAN_CANCEL) | PROG_BIT(PROG_SPAN_BEGIN_RAW) |
		    PROG_BIT(PROG_SPAN_END_RAW) | PROG_BIT(PROG_SPAN_CANCEL_RAW) |
		    PROG_BIT(PROG_SPAN_BEGIN_AT_ENTRY) | PROG_BIT(PROG_SPAN_END_AT_ENTRY) |
		    PROG_BIT(PROG_SPAN_CANCEL_AT_ENTRY) | PROG_BIT(PROG_SPAN_BEGIN_IN_FILE) |
		    PROG_BIT(PROG_SPAN_END_IN_FILE) | PROG_BIT(PROG_SPAN_CANCEL_IN_FILE),
	.missed = 1U << MISSED_RECURSION,
	.files = 7, /* of two points */
	.requires = FEATURE_BIT(FEATURE_TRACEFS) | FEATURE_BIT(FEATURE_PERF_EVENTS),
	.caveat = point__caveat,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = detach,
	.count = count,
};
