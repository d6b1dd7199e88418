/* SPDX-License-Identifier: GPL-2.0-only */
#include "view.h"

struct view *view__new(const struct view *before, size_t n)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->n = n;
	v->rows = xcalloc(n, sizeof(*v->rows));
	v->ngone_losses = before->ngone_losses;
	memcpy(v->gone_losses, before->gone_losses, sizeof(v->gone_losses));
	v->ngone_stats = before->ngone_stats;
	memcpy(v->gone_stats, before->gone_stats, sizeof(v->gone_stats));
	return v;
}

void view__free(struct view *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->ndescribed; i++)
		target__free(v->described[i]);
	free(v->described);
	free(v->generations);
	free(v->by_name);
	free(v->rows);
	free(v);
}

const struct target *view__describe(struct view *v, const struct target *t)
{
	struct target **slot = array__grow(&v->described, &v->ndescribed, sizeof(*slot));

	*slot = target__describe(t);
	return *slot;
}

static int compare_rows(const void *a, const void *b)
{
	const struct view_row *x = *(struct view_row *const *)a, *y = *(struct view_row *const *)b;

	return target__compare(x->state.target, y->state.target);
}

void view__index(struct view *v)
{
	v->by_name = xcalloc(v->n, sizeof(*v->by_name));
	for (size_t i = 0; i < v->n; i++)
		v->by_name[i] = &v->rows[i];
	if (v->n)
		qsort(v->by_name, v->n, sizeof(*v->by_name), compare_rows);
}

const struct view_row *view__find(const struct view *v, const struct target *t)
{
	struct view_row key = { .state.target = t }, *p = &key, **found;

	found = v->n ? bsearch(&p, v->by_name, v->n, sizeof(*v->by_name), compare_rows) : NULL;
	return found ? *found : NULL;
}

static bool same_row(const struct view_row *a, const struct view_row *b)
{
	const struct target *x = a->state.target, *y = b->state.target;

	if (a->generation || b->generation)
		return a->generation == b->generation && x == y &&
		       a->state.has_valve == b->state.has_valve;
	return !target__compare(x, y) && x->reason == y->reason &&
	       !strcmp(x->why ? x->why : "", y->why ? y->why : "");
}

bool view__same(const struct view *a, const struct view *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (!same_row(&a->rows[i], &b->rows[i]))
			return false;
	return a->n == b->n && a->ngenerations == b->ngenerations;
}

size_t view__count_attached(const struct view *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += v->rows[i].state.attached;
	return n;
}

static void keep_losses(struct view *v, const struct losses_shared *s)
{
	size_t i = 0;

	while (i < v->ngone_losses && strcmp(v->gone_losses[i].mechanism, s->mechanism))
		i++;
	if (i == v->ngone_losses)
		v->gone_losses[v->ngone_losses++].mechanism = s->mechanism;
	v->gone_losses[i].reasons |= s->reasons;
	for (int reason = 0; reason < MISSED_MAX; reason++)
		v->gone_losses[i].missed[reason] += s->missed[reason];
}

static void keep_stats(struct view *v, const struct attach_program_counts *p)
{
	size_t i = 0;

	while (i < v->ngone_stats && strcmp(v->gone_stats[i].mechanism, p->mechanism))
		i++;
	if (i == v->ngone_stats)
		v->gone_stats[v->ngone_stats++].mechanism = p->mechanism;
	v->gone_stats[i].run_seconds += p->run_ns / 1e9;
	v->gone_stats[i].runs += p->runs;
}

void view__keep_totals(struct view *v, struct generation *g)
{
	const struct attach_program_counts *programs;
	struct losses_view losses;
	size_t n;

	if (!g->losses || losses__update(g->losses))
		return;
	losses = losses__view(g->losses);
	for (size_t i = 0; i < losses.nshared; i++)
		keep_losses(v, &losses.shared[i]);
	n = losses__programs(g->losses, &programs);
	for (size_t i = 0; i < n; i++)
		if (programs[i].runs)
			keep_stats(v, &programs[i]);
}

void view__set_generations(struct view *v, struct generation *const *generations, size_t n)
{
	v->ngenerations = n;
	v->generations = xcalloc(n, sizeof(*v->generations));
	for (size_t i = 0; i < n; i++) {
		v->generations[i] = generations[i];
		v->cell_bytes += generations[i]->memory.total;
	}
}
