/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the valve finds too hot is paused, and resumed by itself. It stays in its generation: its
 * counts are exported as they were, and go on from there.
 */
#include "probes/internal.h"

#include "base/log.h"
#include "probes/rate_guard.h"

static void explain(struct target *t, enum target_reason reason, char *why)
{
	free(t->why);
	t->reason = reason;
	t->switched_off = 0;
	t->why = why;
}

/* What is left of a pause, as people count it. */
static char *in_minutes(double seconds)
{
	return seconds < 60 ? xasprintf("%.0f s", seconds) : xasprintf("%.0f min", seconds / 60);
}

static void rest(struct reconcile *r, struct generation *g, uint32_t id, double now)
{
	struct target *t = g->targets->v[id];
	__cleanup_free char *pause = in_minutes(valve__pause(r->valve, g, id, now));

	explain(t, REASON_OVERLOAD,
		xasprintf("%s; it is attached again after %s, or by a reload",
			  valve__why_hot(r->valve, g, id), pause));
	view__count_detached(r->view, t, REASON_OVERLOAD);
	log_warn("%s:%s is paused for %s", t->object, t->function, pause);
}

/* One that shared a link with a paused one. */
static void after_relinking(struct reconcile *r, struct generation *g, uint32_t id, double now)
{
	const struct target *t = g->targets->v[id];

	if (generation__is_attached(g, id)) {
		view__count_detached(r->view, t, REASON_RELINKED);
		return;
	}
	view__count_detached(r->view, t, REASON_REFUSED);
	log_error("%s:%s shared its link with a function that was called too often, and cannot be "
		  "attached again: %s",
		  t->object, t->function, t->why ? t->why : "");
	valve__pause(r->valve, g, id, now);
}

static bool pause_hot(struct reconcile *r, struct generation *g, double now)
{
	uint32_t nids = g->targets->nids;
	__cleanup_free uint32_t *hot = xcalloc(nids + 1, sizeof(*hot));
	__cleanup_free unsigned *rounds = xcalloc(nids + 1, sizeof(*rounds));
	size_t n = 0;

	for (uint32_t id = 0; id < nids; id++) {
		rounds[id] = generation__rounds(g, id);
		if (generation__is_attached(g, id) && valve__why_hot(r->valve, g, id))
			hot[n++] = id;
	}
	if (!n)
		return false;
	generation__pause(g, hot, n);
	for (size_t i = 0; i < n; i++)
		rest(r, g, hot[i], now);
	for (uint32_t id = 0; id < nids; id++)
		if (generation__rounds(g, id) != rounds[id])
			after_relinking(r, g, id, now);
	return true;
}

/* Whatever of `ids` could be attached counts again; the others are tried later. */
static void resume(struct reconcile *r, struct generation *g, const uint32_t *ids, size_t n)
{
	generation__resume(g, ids, n);
	for (size_t i = 0; i < n; i++) {
		const struct target *t = g->targets->v[ids[i]];

		if (generation__is_attached(g, ids[i])) {
			valve__resumed(r->valve, g, ids[i], r->now);
			log_info("%s:%s is attached again", t->object, t->function);
		} else {
			valve__pause(r->valve, g, ids[i], r->now);
			log_warn("%s:%s cannot be attached again for now: %s", t->object,
				 t->function, t->why ? t->why : "");
		}
	}
}

static bool resume_due(struct reconcile *r, struct generation *g, bool all)
{
	__cleanup_free uint32_t *due = xcalloc(g->targets->nids + 1, sizeof(*due));
	size_t n = 0;

	for (uint32_t id = 0; id < g->targets->nids; id++)
		if (generation__is_paused(g, id) && g->targets->v[id]->reason != REASON_DISABLED &&
		    (all || valve__is_due(r->valve, g, id, r->now)))
			due[n++] = id;
	if (n)
		resume(r, g, due, n);
	return n;
}

void reconcile__resume_all(struct reconcile *r)
{
	for (size_t i = 0; i < r->n; i++)
		resume_due(r, r->generations[i], true);
}

bool reconcile__mind_valve(struct reconcile *r, double now)
{
	bool any_hot = valve__check(r->valve, r->view, now), any = false;

	for (size_t i = 0; i < r->n; i++) {
		if (any_hot)
			any |= pause_hot(r, r->generations[i], now);
		any |= resume_due(r, r->generations[i], false);
	}
	return any;
}
