/* SPDX-License-Identifier: GPL-2.0-only */
#include "counts/banks.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/shared_memory.h"

uint32_t banks__hist_of(const struct banks *b, uint32_t cell, const struct capture_spec *x)
{
	uint32_t first = b->label_sets.first;

	return cell < first ? x->histogram : b->own_hists + (cell - first) * b->hists_per_set;
}

struct adjustments *banks__adjustments(const struct banks *b)
{
	return b->adjustments.head ? (struct adjustments *)&b->adjustments : NULL;
}

/* ---- as data ------------------------------------------------------------------------------- */

static void image_view(struct image *io, struct bank_view *v)
{
	image__field(io, &v->nbanks);
	image__field(io, &v->bank_stride);
	image__field(io, &v->stride);
	image__field(io, &v->width);
	image__field(io, &v->n);
}

static void image_adjustments(struct image *io, struct adjustments *l)
{
	image__field(io, &l->ncells);
	image__field(io, &l->cell_width);
	image__field(io, &l->nhists);
	image__field(io, &l->hist_width);
	image__field(io, &l->nvalues);
}

static void image_pool(struct image *io, struct pool_view *v)
{
	image__field(io, &v->width);
	image__field(io, &v->nrows);
	image__field(io, &v->nshared);
	image__field(io, &v->nbanks);
	image__field(io, &v->nevents);
	image__field(io, &v->nbrief);
}

void banks__image(struct image *io, struct banks *b)
{
	image_view(io, &b->cells);
	image_view(io, &b->events);
	image_view(io, &b->hists);
	image_view(io, &b->value_counts);
	image__field(io, &b->label_sets.n);
	image__field(io, &b->label_sets.first);
	image_adjustments(io, &b->adjustments);
	image_pool(io, &b->pool);
	image__field(io, &b->own_hists);
	image__field(io, &b->hists_per_set);
	for (int i = 0; i < BANKS; i++) {
		image__field(io, &b->sources[i].fd);
		image__field(io, &b->sources[i].size);
	}
}

/* ---- as memory ----------------------------------------------------------------------------- */

static bool is_within(const struct bank_view *v, uint64_t size)
{
	uint64_t last = v->n && v->nbanks ? (uint64_t)(v->nbanks - 1) * v->bank_stride +
						    (uint64_t)(v->n - 1) * v->stride + 1
					  : 0;

	return last <= size / sizeof(uint64_t) / (v->width ? v->width : 1);
}

static bool has_pool(const struct pool_view *v, const struct bank_source *s)
{
	uint64_t rows = (uint64_t)v->nrows + v->nshared;
	uint64_t shared = (uint64_t)v->nbanks * v->nevents + v->nbrief;

	return rows <= s[BANK_POOL].size / sizeof(uint64_t) / (v->width ? v->width : 1) &&
	       v->nrows <= s[BANK_POOL_OWNERS].size / sizeof(*v->owners) &&
	       shared <= s[BANK_SHARED_ROWS].size / sizeof(uint64_t) / RP_EVENT_MAX;
}

/* Whether all views lie within their memory. */
static bool fits(const struct banks *b)
{
	const struct bank_source *s = b->sources;

	return is_within(&b->cells, s[BANK_CELLS].size) &&
	       is_within(&b->events, s[BANK_EVENTS].size) &&
	       is_within(&b->hists, s[BANK_HISTS].size) &&
	       is_within(&b->value_counts, s[BANK_VALUE_COUNTS].size) && has_pool(&b->pool, s) &&
	       (uint64_t)b->value_counts.n * sizeof(*b->value_slots) <= s[BANK_VALUE_SLOTS].size &&
	       (uint64_t)b->label_sets.n * sizeof(*b->label_sets.v) <= s[BANK_LABEL_SETS].size &&
	       (s[BANK_SAMPLING].fd < 0 ||
		(uint64_t)b->label_sets.first * sizeof(*b->sampling) <= s[BANK_SAMPLING].size) &&
	       (s[BANK_ADJUSTMENTS].fd < 0 ||
		adjustments__size(&b->adjustments) <= s[BANK_ADJUSTMENTS].size);
}

int banks__map(struct banks *b)
{
	const void *at[BANKS] = {};
	int err = fits(b) ? 0 : -EINVAL;

	for (int i = 0; i < BANKS; i++) {
		struct bank_source *s = &b->sources[i];

		if (s->fd < 0)
			continue;
		at[i] = err ? NULL : shared_memory__map(s->fd, s->size);
		if (!at[i] && !err)
			err = -errno;
		close(s->fd);
		s->fd = -1;
	}
	b->cells.base = at[BANK_CELLS];
	b->events.base = at[BANK_EVENTS];
	b->hists.base = at[BANK_HISTS];
	b->value_counts.base = at[BANK_VALUE_COUNTS];
	b->value_slots = at[BANK_VALUE_SLOTS];
	b->label_sets.v = at[BANK_LABEL_SETS];
	b->sampling = at[BANK_SAMPLING];
	b->pool.rows = at[BANK_POOL];
	b->pool.owners = at[BANK_POOL_OWNERS];
	b->pool.shared = at[BANK_SHARED_ROWS];
	adjustments__read(&b->adjustments, at[BANK_ADJUSTMENTS]);
	return err;
}

static void unmap(const volatile void *p, uint64_t size)
{
	if (p)
		munmap((void *)p, size);
}

void banks__unmap(struct banks *b)
{
	unmap(b->cells.base, b->sources[BANK_CELLS].size);
	unmap(b->events.base, b->sources[BANK_EVENTS].size);
	unmap(b->hists.base, b->sources[BANK_HISTS].size);
	unmap(b->value_counts.base, b->sources[BANK_VALUE_COUNTS].size);
	unmap(b->value_slots, b->sources[BANK_VALUE_SLOTS].size);
	unmap(b->label_sets.v, b->sources[BANK_LABEL_SETS].size);
	unmap(b->adjustments.head, b->sources[BANK_ADJUSTMENTS].size);
	unmap(b->sampling, b->sources[BANK_SAMPLING].size);
	unmap(b->pool.rows, b->sources[BANK_POOL].size);
	unmap(b->pool.owners, b->sources[BANK_POOL_OWNERS].size);
	unmap(b->pool.shared, b->sources[BANK_SHARED_ROWS].size);
}
