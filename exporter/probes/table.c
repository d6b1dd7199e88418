/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/table.h"

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
	for (size_t i = 0; i < v->n; i++) {
		free((char *)v->rows[i].state.object);
		free((char *)v->rows[i].state.function);
	}
	free(v->rows);
	free(v);
}

const struct target *view__describe(struct view *v, const struct target *t)
{
	struct target **slot = array__grow(&v->described, &v->ndescribed, sizeof(*slot));

	*slot = target__describe(t);
	return *slot;
}

static int compare_names(const struct target_state *x, const struct target_state *y)
{
	int order = strcmp(x->object, y->object);

	return order ? order : strcmp(x->function, y->function);
}

static int compare_rows(const void *a, const void *b)
{
	const struct view_row *x = *(struct view_row *const *)a, *y = *(struct view_row *const *)b;

	int order = (int)x->state.target->type - (int)y->state.target->type;

	return order ? order : compare_names(&x->state, &y->state);
}

void view__index(struct view *v)
{
	v->by_name = xcalloc(v->n, sizeof(*v->by_name));
	for (size_t i = 0; i < v->n; i++)
		v->by_name[i] = &v->rows[i];
	if (v->n)
		qsort(v->by_name, v->n, sizeof(*v->by_name), compare_rows);
}

const struct view_row *view__find(const struct view *v, enum target_type type,
				  const struct target_name *name)
{
	struct target target = { .type = type };
	struct view_row key = {
		.state = { .target = &target, .object = name->object, .function = name->function }
	};
	struct view_row *p = &key, **found;

	found = v->n ? bsearch(&p, v->by_name, v->n, sizeof(*v->by_name), compare_rows) : NULL;
	return found ? *found : NULL;
}

const struct view_row *view__find_any(const struct view *v, const struct target *t)
{
	const struct view_row *row = NULL;

	for (size_t i = 0; i < target__nnames(t) && !row; i++) {
		struct target_name name = target__name(t, i);

		row = view__find(v, t->type, &name);
	}
	return row;
}

void view__count_detached(struct view *v, const struct target *t, enum target_reason reason)
{
	for (size_t i = 0; i < target__nnames(t); i++) {
		struct target_name name = target__name(t, i);
		struct view_row *row = (struct view_row *)view__find(v, t->type, &name);

		if (row && reason)
			row->state.detached[reason]++;
		else if (row && !row->state.attached)
			row->state.detached[row->state.target->reason]++;
	}
}

/* Of the old view's rows, targets may be gone whose generation is. */
static bool same_row(const struct view_row *a, const struct view_row *b)
{
	const struct target *x = a->state.target, *y = b->state.target;

	if (compare_names(&a->state, &b->state) || a->state.again != b->state.again)
		return false;
	if (a->generation || b->generation)
		return a->generation == b->generation && x == y &&
		       a->state.attached == b->state.attached &&
		       a->state.former_files == b->state.former_files &&
		       a->state.has_valve == b->state.has_valve;
	return x->reason == y->reason && !strcmp(x->why ? x->why : "", y->why ? y->why : "");
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
		shared_missed__add_programs(v->gone, losses__board(g->losses)->programs);
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
