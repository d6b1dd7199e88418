/* SPDX-License-Identifier: GPL-2.0-only */
#include "samples/exemplar.h"

#include "base/histogram_layout.h"
#include "bpf/grid.h"

void exemplars__image(struct image *io, struct exemplar **v, size_t *n)
{
	image__array(io, v, n, sizeof(**v));
	if (*n)
		image__bytes(io, *v, *n * sizeof(**v));
	for (size_t i = 0; image__is_reading(io) && i < *n && !io->err; i++)
		(*v)[i].comm[RP_COMM_SIZE - 1] = '\0';
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* The newest first in each bin. */
static int by_bin(const void *a, const void *b)
{
	const struct exemplar *x = a, *y = b;
	int order = compare(x->generation, y->generation);

	order = order ? order : compare(x->id, y->id);
	order = order ? order : compare(x->set, y->set);
	order = order ? order : compare(x->bin, y->bin);
	return order ? order : compare(y->number, x->number);
}

static bool same_bin(const struct exemplar *x, const struct exemplar *y)
{
	return x->generation == y->generation && x->id == y->id && x->set == y->set &&
	       x->bin == y->bin;
}

size_t exemplars__sort(struct exemplar *v, size_t n, const struct histogram_layout *layout)
{
	uint32_t last = layout->nbins - 1;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t bin = rp_grid_bin(&layout->table, v[i].ns, last);

		v[i].bin = bin < last ? bin : last;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_bin);
	for (size_t i = 0; i < n; i++)
		if (!kept || !same_bin(&v[kept - 1], &v[i]))
			v[kept++] = v[i];
	return kept;
}

const struct exemplar *exemplars__of_target(const struct exemplar *v, size_t total,
					    uint32_t generation, uint32_t id, size_t *n)
{
	size_t first = 0;

	while (first < total && (v[first].generation != generation || v[first].id != id))
		first++;
	*n = 0;
	while (first + *n < total && v[first + *n].generation == generation &&
	       v[first + *n].id == id)
		++*n;
	return *n ? v + first : NULL;
}

const struct exemplar *exemplars__of_set(const struct exemplar *v, size_t total, uint32_t set,
					 size_t *n)
{
	size_t first = 0;

	while (first < total && v[first].set != set)
		first++;
	*n = 0;
	while (first + *n < total && v[first + *n].set == set)
		++*n;
	return *n ? v + first : NULL;
}
