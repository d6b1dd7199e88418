/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/histogram_layout.h"

#include <math.h>

#include "base/error.h"

#define MAX_THRESHOLDS (RP_GRID_MAX - RP_GRID_STEPS - 1) /* the rest is padding for comparisons */
#define NS_PER_SECOND  1e9L

/*
 * The longest whole duration within a bound. Classic bounds are decimal numbers that were read into
 * a double: 2.5e-07 times 1e9 may be slightly below 250, and must not become 249.
 */
static uint64_t classic_bound(const struct histogram_layout *g, double bound)
{
	long double ns = bound * (g->integers ? 1 : NS_PER_SECOND), nearest = roundl(ns);

	return (uint64_t)(fabsl(ns - nearest) <= nearest * 4e-16L ? nearest : floorl(ns));
}

static uint64_t native_ns(int schema, int index)
{
	return (uint64_t)floorl(exp2l((long double)index / (1 << schema)) * NS_PER_SECOND);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The bin of ns: the first threshold that is not below it. */
static uint32_t bin_of(const struct histogram_layout *g, uint64_t ns)
{
	uint32_t lo = 0, hi = g->nthresholds;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (g->table.threshold[mid] < ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Number of native bounds, from 2^NATIVE_MIN_EXP to 2^NATIVE_MAX_EXP. */
static uint32_t native_bounds(int schema)
{
	return schema < 0 ? 0 : ((NATIVE_MAX_EXP - NATIVE_MIN_EXP) << schema) + 1;
}

static int fill_thresholds(struct histogram_layout *g, int schema, char **why)
{
	uint32_t nnative = native_bounds(schema), n = 0;
	uint64_t *all = xcalloc(g->nclassic + nnative + 1, sizeof(*all));

	for (uint32_t i = 0; i < g->nclassic; i++)
		all[n++] = classic_bound(g, g->classic[i]);
	for (uint32_t i = 0; i < nnative; i++)
		all[n++] = native_ns(schema, (NATIVE_MIN_EXP * (1 << schema)) + (int)i);
	if (nnative)
		all[n++] = 0; /* the zero bucket */
	qsort(all, n, sizeof(*all), compare_u64);

	for (uint32_t i = 0; i < ARRAY_SIZE(g->table.threshold); i++)
		g->table.threshold[i] = ~0ULL;
	for (uint32_t i = 0; i < n; i++) {
		if (i && all[i] == all[i - 1])
			continue;
		if (g->nthresholds == MAX_THRESHOLDS) {
			free(all);
			return error__refuse(
				why,
				"more than %d different bounds, classic and native together: "
				"use fewer buckets or a lower native_resolution",
				MAX_THRESHOLDS);
		}
		g->table.threshold[g->nthresholds++] = all[i];
	}
	free(all);
	g->nbins = g->nthresholds + 1;
	return 0;
}

static int fill_table(struct histogram_layout *g, char **why)
{
	for (uint32_t row = 0; row < RP_GRID_ROWS; row++) {
		/* Shorter durations use the previous row. */
		uint64_t used = row ? RP_GRID_COLUMNS >> RP_GRID_SHIFT : 0;

		for (uint64_t column = used; column < RP_GRID_COLUMNS; column++) {
			uint64_t low = column << (RP_GRID_SHIFT * row);
			uint64_t high = ((column + 1) << (RP_GRID_SHIFT * row)) - 1;
			uint32_t first = bin_of(g, low), last = bin_of(g, high);

			if (last - first > RP_GRID_STEPS)
				return error__refuse(why,
						     "%u bounds between %g s and %g s are too "
						     "close together: leave some of them out",
						     last - first, (double)low / 1e9,
						     (double)high / 1e9);
			g->table.first[row][column] = first;
		}
	}
	return 0;
}

static void map_classic(struct histogram_layout *g)
{
	g->classic_end = xcalloc(g->nclassic + 1, sizeof(*g->classic_end));
	for (uint32_t i = 0; i < g->nclassic; i++)
		g->classic_end[i] = bin_of(g, classic_bound(g, g->classic[i])) + 1;
}

static void map_native(struct histogram_layout *g, int schema)
{
	g->native = schema >= 0;
	if (!g->native)
		return;
	g->schema = schema;
	g->zero_end = 1;
	g->native_first_index = NATIVE_MIN_EXP * (1 << schema);
	g->nnative = native_bounds(schema) + 1;
	g->native_end = xcalloc(g->nnative, sizeof(*g->native_end));
	for (uint32_t i = 0; i + 1 < g->nnative; i++)
		g->native_end[i] = bin_of(g, native_ns(schema, g->native_first_index + (int)i)) + 1;
	g->native_end[g->nnative - 1] = g->nbins;
}

static double *copy_bounds(const double *bounds, size_t n)
{
	double *v = xcalloc(n + 1, sizeof(*v));

	if (n)
		memcpy(v, bounds, n * sizeof(*v));
	return v;
}

int histogram_layout__build(const double *bounds, size_t n, int schema,
			    struct histogram_layout **out, char **why)
{
	struct histogram_layout *g = xcalloc(1, sizeof(*g));
	int err;

	g->integers = schema == HISTOGRAM_INTEGERS;
	g->nclassic = g->nbounds = n;
	g->classic = copy_bounds(bounds, n);
	g->bounds = copy_bounds(bounds, n);

	err = fill_thresholds(g, schema, why);
	if (!err)
		err = fill_table(g, why);
	if (err) {
		histogram_layout__free(g);
		return err;
	}
	map_classic(g);
	map_native(g, schema);
	*out = g;
	return 0;
}

struct histogram_layout *histogram_layout__view(const struct histogram_layout *g,
						const double *bounds, size_t n)
{
	struct histogram_layout *view = xcalloc(1, sizeof(*view));

	*view = *g;
	view->bounds = copy_bounds(g->bounds, g->nbounds);
	view->classic = copy_bounds(bounds, n);
	view->nclassic = n;
	map_classic(view);
	if (g->native) {
		view->native_end = xcalloc(g->nnative, sizeof(*g->native_end));
		memcpy(view->native_end, g->native_end, g->nnative * sizeof(*g->native_end));
	}
	return view;
}

void histogram_layout__free(struct histogram_layout *g)
{
	if (!g)
		return;
	free(g->bounds);
	free(g->classic);
	free(g->classic_end);
	free(g->native_end);
	free(g);
}
