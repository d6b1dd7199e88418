/* SPDX-License-Identifier: GPL-2.0-only */
/* Wanted against actual: what stays, and what is new. */
#include "probes/compare.h"

#include "attach/choice.h"
#include "probes/replaced.h"

/* ---- attached targets ---------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	return target__compare_places(((const struct actual *)a)->target,
				      ((const struct actual *)b)->target);
}

static void list_actual(const struct reconcile *r, struct change *ch)
{
	for (size_t i = 0; i < r->n; i++) {
		struct generation *g = r->generations[i];

		for (uint32_t id = 0; id < g->targets->nids; id++) {
			if (generation__has(g, id))
				*(struct actual *)array__grow(&ch->actual, &ch->nactual,
							      sizeof(*ch->actual)) =
					(struct actual){ g->targets->v[id], g, false };
		}
	}
	if (ch->nactual)
		qsort(ch->actual, ch->nactual, sizeof(*ch->actual), by_place);
}

static struct actual *find_actual(struct change *ch, const struct target *t)
{
	struct actual key = { .target = t };

	return ch->nactual ? bsearch(&key, ch->actual, ch->nactual, sizeof(key), by_place) : NULL;
}

/* ---- comparing ------------------------------------------------------------------------------- */

void compare__want(struct change *ch, struct targets *all)
{
	ch->nwanted = all->n;
	ch->wanted = xcalloc(all->n, sizeof(*ch->wanted));
	for (size_t i = 0; i < all->n; i++)
		ch->wanted[i] = (struct wanted){
			.target = all->v[i],
			.max_rate = all->v[i]->settings->max_rate,
			.own_rate = all->v[i]->settings->has_max_rate,
			.max_cpu = all->v[i]->settings->max_cpu,
			.notes = probe_notes__copy(&all->v[i]->settings->notes),
		};
	all->n = 0;
	targets__free(all);
}

/* A refused target is tried again only by a reload, or if its file has changed. After a change that
 * failed it is tried again, too: the refusal may be due to that failure. */
static bool stays_out(const struct reconcile *r, struct target *t)
{
	const struct probe_row *row = probe_table__find_any(r->table, t);
	const struct target *before = row ? row->state.target : NULL;

	if (!row || row->state.attached || !target__same_files(before, t) ||
	    before->reason != REASON_REFUSED || r->failed)
		return false;
	target__set_reason(t, before->reason, before->why ? xstrdup(before->why) : NULL);
	return true;
}

static bool may_stay(const struct change *ch, const struct actual *a, const struct target *t)
{
	return !ch->renew && config__same_cells(ch->config, a->generation->config) &&
	       target__same(a->target, t) &&
	       !choice__is_outdated(a->generation->attach, a->target->id);
}

static void compare_one(struct reconcile *r, struct change *ch, struct wanted *w)
{
	struct targets *fresh = ch->fresh;
	struct actual *a;

	if (!w->target || w->target->reason != REASON_NONE)
		return;
	a = find_actual(ch, w->target);
	if (a && may_stay(ch, a, w->target)) {
		if (a->target->removed)
			replaced__is_back(ch, w, a);
		w->renamed = w->renamed ? w->renamed : take_ptr(w->target);
		wanted__stay(w, a);
		return;
	}
	if (a)
		replaced__leave(a, w->target);
	else if (replaced__follows(ch, w))
		return;
	if (ch->occasion != CONFIGURED && stays_out(r, w->target))
		return;
	if (ch->full) {
		target__set_reason(
			w->target, REASON_REFUSED,
			xasprintf("not enough room to add it: %s; reload to re-attach all "
				  "probes, counters restart at 0",
				  ch->full));
		return;
	}
	w->id = w->target->id = fresh->nids++;
	fresh->v[fresh->n++] = w->target;
}

void compare__run(struct change *ch, struct reconcile *r)
{
	list_actual(r, ch);
	replaced__keep_removed(ch);
	ch->fresh = xcalloc(1, sizeof(*ch->fresh));
	ch->fresh->v = xcalloc(ch->nwanted, sizeof(*ch->fresh->v));
	for (size_t i = 0; i < ch->nwanted; i++)
		compare_one(r, ch, &ch->wanted[i]);
}

void compare__drop(struct change *ch, const struct reconcile *r)
{
	compare__keep(ch, r);
	for (size_t i = 0; i < ch->nactual; i++)
		ch->actual[i].stays = false;
	for (size_t i = 0; i < ch->nwanted; i++) {
		struct wanted *w = &ch->wanted[i];

		if (!w->generation)
			continue;
		w->target = target__describe(wanted__target(w));
		w->target->pos = w->generation->targets->v[w->id]->pos;
		w->generation = NULL;
		target__set_reason(w->target, REASON_REFUSED, xstrdup("it is being re-attached"));
	}
}

void compare__keep(struct change *ch, const struct reconcile *r)
{
	list_actual(r, ch);
	ch->wanted = xcalloc(r->table->n, sizeof(*ch->wanted));
	for (size_t i = 0; i < r->table->n; i++) {
		const struct probe_row *row = &r->table->rows[i];
		struct wanted *w = &ch->wanted[ch->nwanted];

		if (row->state.again)
			continue;
		ch->nwanted++;
		w->max_rate = row->max_rate;
		w->own_rate = row->own_rate;
		w->max_cpu = row->max_cpu;
		w->notes = probe_notes__copy(&row->state.notes);
		if (row->generation) {
			wanted__stay(w, find_actual(ch, row->state.target));
			continue;
		}
		w->target = target__describe(row->state.target);
		w->target->pos = row->state.target->pos;
	}
}
