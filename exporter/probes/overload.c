/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/overload.h"

#include "base/log.h"

/* A duration in seconds or minutes. */
static char *in_minutes(double seconds)
{
	return seconds < 60 ? xasprintf("%.0f s", seconds) : xasprintf("%.0f min", seconds / 60);
}

static void rest(struct reconcile *r, struct generation *g, uint32_t id, double now)
{
	struct target *t = g->targets->v[id];
	__cleanup_free char *pause = in_minutes(rate_guard__pause(r->guard, g, id, now));

	target__set_reason(t, REASON_OVERLOAD,
			   xasprintf("%s; it is attached again after %s, or by a reload",
				     rate_guard__why_hot(r->guard, g, id), pause));
	probe_table__count_detached(r->table, t, REASON_OVERLOAD);
	log_warn("%s:%s is paused for %s", t->object, t->function, pause);
}

/* A target that shared a link with a paused one has been re-attached. */
static void after_relinking(struct reconcile *r, struct generation *g, uint32_t id, double now)
{
	const struct target *t = g->targets->v[id];

	if (generation__is_attached(g, id)) {
		probe_table__count_detached(r->table, t, REASON_RELINKED);
		return;
	}
	probe_table__count_detached(r->table, t, REASON_REFUSED);
	log_error("%s:%s shared its link with a function that was called too often, and cannot be "
		  "attached again: %s",
		  t->object, t->function, t->why ? t->why : "");
	rate_guard__pause(r->guard, g, id, now);
}

static bool pause_hot(struct reconcile *r, struct generation *g, double now)
{
	uint32_t nids = g->targets->nids;
	__cleanup_free uint32_t *hot = xcalloc(nids + 1, sizeof(*hot));
	__cleanup_free unsigned *rounds = xcalloc(nids + 1, sizeof(*rounds));
	size_t n = 0;

	for (uint32_t id = 0; id < nids; id++) {
		rounds[id] = generation__rounds(g, id);
		if (generation__is_attached(g, id) && rate_guard__why_hot(r->guard, g, id))
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

/* Targets that cannot be re-attached now are tried again later. */
static void resume(struct reconcile *r, struct generation *g, const uint32_t *ids, size_t n)
{
	generation__resume(g, ids, n);
	for (size_t i = 0; i < n; i++) {
		const struct target *t = g->targets->v[ids[i]];

		if (generation__is_attached(g, ids[i])) {
			rate_guard__resumed(r->guard, g, ids[i], r->now);
			costs__resumed(r->costs, g, ids[i]);
			log_info("%s:%s is attached again", t->object, t->function);
		} else {
			rate_guard__pause(r->guard, g, ids[i], r->now);
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
		    (all || rate_guard__is_due(r->guard, g, id, r->now)))
			due[n++] = id;
	if (n)
		resume(r, g, due, n);
	return n;
}

void overload__resume_all(struct reconcile *r)
{
	for (size_t i = 0; i < r->n; i++)
		resume_due(r, r->generations[i], true);
}

bool overload__check(struct reconcile *r, double now)
{
	double max_cpu = r->config ? r->config->max_cpu : 0;
	bool any_hot = rate_guard__check(r->guard, r->table, max_cpu, now), any = false;

	for (size_t i = 0; i < r->n; i++) {
		if (any_hot)
			any |= pause_hot(r, r->generations[i], now);
		any |= resume_due(r, r->generations[i], false);
	}
	return any;
}
