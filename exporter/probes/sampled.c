/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/sampled.h"

#include "object/samples.h"
#include "probes/state.h"

#define PERIOD 0.1 /* seconds */

static bool take_all(struct reconcile *r, double now)
{
	bool some = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct generation *g = r->generations[i];

		if (!g->obj || !object_samples__are_taken(g->obj))
			continue;
		kept_samples__take(r->samples, g->number, g->obj, g->targets, g->labels, now);
		some = true;
	}
	r->last_sampling = now;
	return some;
}

double sampled__take(struct reconcile *r, double now)
{
	if (now - r->last_sampling < PERIOD)
		return r->last_sampling + PERIOD - now;
	return take_all(r, now) ? PERIOD : -1;
}

void sampled__add_exemplars(const struct reconcile *r, unsigned generation, uint32_t index,
			    struct exemplar **v, size_t *n)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->generations[i]->number == generation && r->generations[i]->obj)
			kept_samples__add_exemplars(r->samples, generation, index,
						    object__banks(r->generations[i]->obj), v, n);
}

void sampled__write(struct reconcile *r, double now, struct buf *out)
{
	take_all(r, now);
	kept_samples__write(r->samples, out);
}
