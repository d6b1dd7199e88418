/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/table.h"

struct probe_table *probe_table__new(const struct probe_table *before, size_t n)
{
	struct probe_table *table = xcalloc(1, sizeof(*table));

	table->n = n;
	table->rows = xcalloc(n, sizeof(*table->rows));
	memcpy(table->gone, before->gone, sizeof(table->gone));
	return table;
}

void probe_table__free(struct probe_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->ndescribed; i++)
		target__free(table->described[i]);
	free(table->described);
	free(table->generations);
	free(table->by_name);
	for (size_t i = 0; i < table->n; i++) {
		free((char *)table->rows[i].state.object);
		free((char *)table->rows[i].state.function);
		free((char *)table->rows[i].state.probe);
		free((char *)table->rows[i].state.files);
		probe_notes__free(&table->rows[i].state.notes);
	}
	free(table->rows);
	free(table);
}

const struct target *probe_table__describe(struct probe_table *table, const struct target *t)
{
	struct target **slot = array__grow(&table->described, &table->ndescribed, sizeof(*slot));

	*slot = target__describe(t);
	return *slot;
}

static int compare_names(const struct target_state *x, const struct target_state *y)
{
	struct target_name a = { (char *)x->object, (char *)x->function, (char *)x->probe };
	struct target_name b = { (char *)y->object, (char *)y->function, (char *)y->probe };

	return target_name__compare(&a, &b);
}

static int compare_rows(const void *a, const void *b)
{
	const struct probe_row *x = *(struct probe_row *const *)a,
			       *y = *(struct probe_row *const *)b;

	int order = (int)x->state.target->type - (int)y->state.target->type;

	return order ? order : compare_names(&x->state, &y->state);
}

void probe_table__index(struct probe_table *table)
{
	table->by_name = xcalloc(table->n, sizeof(*table->by_name));
	for (size_t i = 0; i < table->n; i++)
		table->by_name[i] = &table->rows[i];
	if (table->n)
		qsort(table->by_name, table->n, sizeof(*table->by_name), compare_rows);
}

const struct probe_row *probe_table__find(const struct probe_table *table, enum target_type type,
					  const struct target_name *name)
{
	struct target target = { .type = type };
	struct probe_row key = { .state = { .target = &target,
					    .object = name->object,
					    .function = name->function,
					    .probe = name->probe } };
	struct probe_row *p = &key, **found;

	found = table->n ? bsearch(&p, table->by_name, table->n, sizeof(*table->by_name),
				   compare_rows)
			 : NULL;
	return found ? *found : NULL;
}

const struct probe_row *probe_table__find_any(const struct probe_table *table,
					      const struct target *t)
{
	const struct probe_row *row = NULL;

	for (size_t i = 0; i < target__nnames(t) && !row; i++) {
		struct target_name name = target__name(t, i);

		row = probe_table__find(table, t->type, &name);
	}
	return row;
}

void probe_table__count_detached(struct probe_table *table, const struct target *t,
				 enum target_reason reason)
{
	for (size_t i = 0; i < target__nnames(t); i++) {
		struct target_name name = target__name(t, i);
		struct probe_row *row =
			(struct probe_row *)probe_table__find(table, t->type, &name);

		if (row && reason)
			row->state.detached[reason]++;
		else if (row && !row->state.attached)
			row->state.detached[row->state.target->reason]++;
	}
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* Rows of the old table may point to freed targets if their generation is gone. */
static bool same_row(const struct probe_row *a, const struct probe_row *b)
{
	const struct target *x = a->state.target, *y = b->state.target;

	if (compare_names(&a->state, &b->state) || a->state.again != b->state.again ||
	    !probe_notes__same(&a->state.notes, &b->state.notes))
		return false;
	if (a->generation || b->generation)
		return a->generation == b->generation && x == y &&
		       a->state.attached == b->state.attached &&
		       a->state.former_files == b->state.former_files &&
		       a->state.left_out == b->state.left_out &&
		       same_text(a->state.files, b->state.files) &&
		       a->state.has_max_rate == b->state.has_max_rate &&
		       a->state.has_max_cpu == b->state.has_max_cpu;
	return x->reason == y->reason && same_text(x->why, y->why);
}

bool probe_table__same(const struct probe_table *a, const struct probe_table *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (!same_row(&a->rows[i], &b->rows[i]))
			return false;
	return a->n == b->n && a->ngenerations == b->ngenerations;
}

size_t probe_table__count_attached(const struct probe_table *table)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++)
		n += table->rows[i].state.attached;
	return n;
}

void probe_table__keep_totals(struct probe_table *table, struct generation *g)
{
	if (g->missed && !missed__update(g->missed))
		shared_missed__add_programs(table->gone, missed__board(g->missed)->programs);
}

void probe_table__set_generations(struct probe_table *table, struct generation *const *generations,
				  size_t n)
{
	table->ngenerations = n;
	table->generations = xcalloc(n, sizeof(*table->generations));
	for (size_t i = 0; i < n; i++) {
		table->generations[i] = generations[i];
		table->cell_bytes += generations[i]->memory.total;
	}
}
