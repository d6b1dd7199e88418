/* SPDX-License-Identifier: GPL-2.0-only */
#include "counts/pool.h"

#include <stdlib.h>

static uint64_t owner_of(const struct pool_view *v, uint32_t row)
{
	return __atomic_load_n(&v->owners[row], __ATOMIC_RELAXED);
}

bool pool_list__make(const struct pool_view *v, uint32_t ncells, struct pool_list *out)
{
	*out = (struct pool_list){ .ncells = ncells };
	if (!v->nrows)
		return true;
	out->first = calloc((size_t)ncells + 1, sizeof(*out->first));
	out->next = calloc(v->nrows, sizeof(*out->next));
	if (!out->first || !out->next)
		return false;
	for (uint32_t row = 0; row < v->nrows; row++) {
		uint64_t owner = owner_of(v, row);

		if (!owner || owner > ncells)
			continue;
		out->next[row] = out->first[owner - 1];
		out->first[owner - 1] = 1 + row;
	}
	return true;
}

void pool_list__free(struct pool_list *l)
{
	free(l->first);
	free(l->next);
	*l = (struct pool_list){};
}

static void add(const volatile uint64_t *words, uint32_t n, uint64_t *out)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] += words[i];
}

static void add_row(const struct pool_view *v, uint32_t row, uint32_t n, uint64_t *out)
{
	add(v->rows + (size_t)row * v->width, n, out);
}

static const volatile uint64_t *shared_row(const struct pool_view *v, uint32_t row)
{
	return v->shared + (size_t)row * RP_EVENT_MAX;
}

void pool__add_cell(const struct pool_view *v, const struct pool_list *list, uint32_t cell,
		    uint32_t n, uint64_t *out)
{
	if (list && list->first && cell < list->ncells)
		for (uint32_t row = list->first[cell]; row; row = list->next[row - 1])
			add_row(v, row - 1, n, out);
	else if (!list)
		for (uint32_t row = 0; row < v->nrows; row++)
			if (owner_of(v, row) == 1 + (uint64_t)cell)
				add_row(v, row, n, out);
	if (cell < v->nshared)
		add_row(v, v->nrows + cell, n, out);
	if (cell < v->nbrief)
		add(shared_row(v, v->nbanks * v->nevents + cell), RP_CELL_BINS, out);
}

void pool__add_events(const struct pool_view *v, uint32_t id, uint64_t events[RP_EVENT_MAX])
{
	for (uint32_t bank = 0; bank < v->nbanks && id < v->nevents; bank++)
		add(shared_row(v, bank * v->nevents + id), RP_EVENT_MAX, events);
}
