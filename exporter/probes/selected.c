/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/selected.h"

#include "attach/files.h"

static struct actual *find_actual(struct change *ch, const struct wanted *w)
{
	for (size_t i = 0; i < ch->nactual; i++)
		if (ch->actual[i].generation == w->generation && ch->actual[i].target->id == w->id)
			return &ch->actual[i];
	return NULL;
}

/* The target with the files that w is to have; NULL: w has no files. */
static struct target *files_of(const struct change *ch, const struct wanted *w)
{
	if (!w->generation || !w->generation->obj || !wanted__target(w)->selected)
		return NULL;
	return w->generation == ch->added ? w->generation->targets->v[w->id] : w->renamed;
}

static void update_in(struct change *ch, struct generation *g)
{
	__cleanup_free uint32_t *ids = xcalloc(ch->nwanted + 1, sizeof(*ids));
	__cleanup_free struct target **to = xcalloc(ch->nwanted + 1, sizeof(*to));
	size_t n = 0;

	for (size_t i = 0; i < ch->nwanted; i++) {
		const struct wanted *w = &ch->wanted[i];

		if (w->generation != g || !files_of(ch, w))
			continue;
		ids[n] = w->id;
		to[n++] = files_of(ch, w);
	}
	if (n)
		files__update(g->attach, ids, to, n);
}

static void conclude(struct change *ch, struct wanted *w, bool before)
{
	struct generation *g = w->generation;
	struct actual *a;

	if (generation__has(g, w->id) == before)
		return;
	if (!before) {
		g->live++;
		return;
	}
	a = find_actual(ch, w);
	if (!a)
		return;
	a->stays = false;
	w->target = target__describe(a->target);
	w->target->pos = w->renamed->pos;
	w->generation = NULL;
	target__free(take_ptr(w->renamed));
}

void selected__update(struct change *ch)
{
	__cleanup_free bool *before = xcalloc(ch->nwanted + 1, sizeof(*before));

	for (size_t i = 0; i < ch->nwanted; i++) {
		const struct wanted *w = &ch->wanted[i];

		before[i] = w->generation && generation__has(w->generation, w->id);
	}
	for (size_t i = 0; i < ch->nwanted; i++) {
		struct generation *g = ch->wanted[i].generation;
		bool done = !g;

		for (size_t k = 0; k < i && !done; k++)
			done = ch->wanted[k].generation == g;
		if (!done)
			update_in(ch, g);
	}
	for (size_t i = 0; i < ch->nwanted; i++)
		if (files_of(ch, &ch->wanted[i]))
			conclude(ch, &ch->wanted[i], before[i]);
}
