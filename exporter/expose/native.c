/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/native.h"

/* Consecutive buckets from index `first` on, empty ones included. */
struct dense {
	int schema, first;
	size_t n;
	uint64_t v[HISTOGRAM_NATIVE_MAX];
};

static void read_cells(struct dense *d, const struct histogram_value *v)
{
	const struct histogram_layout *g = v->layout;
	uint32_t cell = g->zero_end;

	d->schema = g->schema;
	d->first = g->native_first_index;
	d->n = g->nnative;
	for (uint32_t i = 0; i < g->nnative; i++) {
		d->v[i] = 0;
		for (; cell < g->native_end[i]; cell++)
			d->v[i] += v->cells[cell];
	}
}

/* Halves the resolution: bucket i becomes part of bucket ceil(i / 2) of the squared base. */
static void merge_pairs(struct dense *d)
{
	int first = (d->first + 1) >> 1;
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		size_t to = ((d->first + (int)i + 1) >> 1) - first;

		if (to == n)
			d->v[n++] = d->v[i];
		else
			d->v[to] += d->v[i];
	}
	d->first = first;
	d->n = n;
	d->schema--;
}

/*
 * Writes the buckets to send to out, unless it is NULL. Returns their number. Counters never
 * decrease, so the number never does, and a histogram keeps its lower schema.
 */
static size_t sparse(const struct dense *d, struct native_histogram *out)
{
	size_t n = 0, gap = 0;

	for (size_t i = 0; i < d->n; i++) {
		bool begins = !n || gap > NATIVE_GAP_MAX;

		if (!d->v[i]) {
			gap++;
			continue;
		}
		if (out && begins)
			out->spans[out->nspans++] = (struct native_span){
				.offset = n ? (int)gap : d->first + (int)i,
			};
		for (size_t from = begins ? i : i - gap; from <= i; from++, n++) {
			if (out) {
				out->buckets[n] = d->v[from];
				out->spans[out->nspans - 1].length++;
			}
		}
		gap = 0;
	}
	return n;
}

void native__build(struct native_histogram *out, const struct histogram_value *v)
{
	struct dense d;

	read_cells(&d, v);
	while (sparse(&d, NULL) > NATIVE_BUCKETS_MAX)
		merge_pairs(&d);

	out->schema = d.schema;
	out->zero_count = 0;
	for (uint32_t cell = 0; cell < v->layout->zero_end; cell++)
		out->zero_count += v->cells[cell];
	out->nspans = 0;
	out->nbuckets = sparse(&d, out);
	out->count = out->zero_count;
	for (size_t i = 0; i < out->nbuckets; i++)
		out->count += out->buckets[i];
}
