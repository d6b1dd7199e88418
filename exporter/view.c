/* SPDX-License-Identifier: GPL-2.0-only */
#include "view.h"

struct view *view__new(const struct view *before, size_t n)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->n = n;
	v->rows = xcalloc(n, sizeof(*v->rows));
	memcpy(v->gone, before->gone, sizeof(v->gone));
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
		       a->state.attached == b->state.attached &&
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

void view__keep_totals(struct view *v, struct generation *g)
{
	if (g->losses && !losses__update(g->losses))
		board__add_programs(v->gone, losses__board(g->losses)->programs);
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
