/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/config.h"

#include "config/config_watch.h"

#define DEFAULT_SCHEMA	     2
#define DEFAULT_SIZE_BUCKETS 16 /* powers of 4 */

/* 1, 2.5 and 5 times each power of ten from 100 ns on. They are written out, as computed numbers
 * would differ from the double that "2.5e-07" means. */
static const double default_buckets[] = {
	1e-7,	2.5e-7, 5e-7, 1e-6,   2.5e-6, 5e-6, 1e-5,   2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3,
	2.5e-3, 5e-3,	1e-2, 2.5e-2, 5e-2,   1e-1, 2.5e-1, 5e-1,   1,	  2.5,	5,	10,
};

const char *const top_column_names[] = {
	[TOP_CALLS] = "calls", [TOP_ERRORS] = "errors",	    [TOP_MISSED] = "missed",
	[TOP_P50] = "p50",     [TOP_P99] = "p99",	    [TOP_IN_FLIGHT] = "in-flight",
	[TOP_TIME] = "time",   [TOP_FUNCTION] = "function", [TOP_COLUMNS] = NULL,
};

struct config *config__new(void)
{
	struct config *c = xcalloc(1, sizeof(*c));

	c->refs = 1;
	c->native_schema = DEFAULT_SCHEMA;
	for (size_t i = 0; i < ARRAY_SIZE(default_buckets); i++)
		*(double *)array__grow(&c->buckets, &c->nbuckets, sizeof(double)) =
			default_buckets[i];
	for (unsigned i = 0; i < DEFAULT_SIZE_BUCKETS; i++)
		*(double *)array__grow(&c->size_buckets, &c->nsize_buckets, sizeof(double)) =
			(double)(1ULL << (2 * i));
	return c;
}

static bool same_bounds(const double *a, size_t na, const double *b, size_t nb)
{
	return na == nb && (!na || !memcmp(a, b, na * sizeof(*a)));
}

static int compare_bounds(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* All bounds of durations, ascending; to be freed. */
static double *all_bounds(const struct config *c, size_t nlists, size_t *n)
{
	double *v = NULL;
	size_t kept = 0;

	*n = 0;
	for (size_t i = 0; i < c->nbuckets; i++)
		*(double *)array__grow(&v, n, sizeof(*v)) = c->buckets[i];
	for (size_t k = 0; k < nlists; k++)
		for (size_t i = 0; i < c->lists[k].settings.buckets.n; i++)
			*(double *)array__grow(&v, n, sizeof(*v)) =
				c->lists[k].settings.buckets.v[i];
	if (*n)
		qsort(v, *n, sizeof(*v), compare_bounds);
	for (size_t i = 0; i < *n; i++)
		if (!kept || v[i] != v[kept - 1])
			v[kept++] = v[i];
	*n = kept;
	return v;
}

int config__layout(const struct config *c, size_t nlists, struct histogram_layout **out, char **why)
{
	struct histogram_layout *grid;
	size_t n;
	__cleanup_free double *v = all_bounds(c, nlists, &n);
	int err = histogram_layout__build(v, n, c->native_schema, &grid, why);

	if (err)
		return err;
	*out = histogram_layout__view(grid, c->buckets, c->nbuckets);
	histogram_layout__free(grid);
	return 0;
}

static bool same_grid(const struct config *a, const struct config *b)
{
	size_t na, nb;
	__cleanup_free double *x = all_bounds(a, a->nlists, &na),
			      *y = all_bounds(b, b->nlists, &nb);

	return same_bounds(x, na, y, nb);
}

bool config__same_cells(const struct config *a, const struct config *b)
{
	return a->cells == b->cells && same_grid(a, b) && a->native_schema == b->native_schema &&
	       same_bounds(a->buckets, a->nbuckets, b->buckets, b->nbuckets) &&
	       same_bounds(a->size_buckets, a->nsize_buckets, b->size_buckets, b->nsize_buckets);
}

bool config__same(const struct config *a, const struct config *b)
{
	for (size_t i = 0; i < a->nlists && a->nlists == b->nlists; i++)
		if (!probe_list__same(&a->lists[i], &b->lists[i]))
			return false;
	return a->nlists == b->nlists && a->max_cpu == b->max_cpu && config__same_cells(a, b);
}

struct config *config__ref(struct config *c)
{
	c->refs++;
	return c;
}

size_t config__selections(const struct config *c, const struct selection **v)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nlists; i++) {
		if (!c->lists[i].select)
			continue;
		if (v)
			v[n] = c->lists[i].select;
		n++;
	}
	return n;
}

void config__free(struct config *c)
{
	if (!c || --c->refs > 0)
		return;
	for (size_t i = 0; i < c->nlists; i++)
		probe_list__free(&c->lists[i]);
	free(c->lists);
	for (size_t i = 0; i < c->web.nlisten; i++)
		free(c->web.listen[i]);
	free(c->web.listen);
	free(c->web.telemetry_path);
	free(c->web.config_file);
	for (size_t i = 0; i < c->nfiles; i++)
		free(c->files[i]);
	free(c->files);
	free(c->buckets);
	free(c->size_buckets);
	free(c->mechanism);
	config_watch__free(c->watch);
	for (size_t i = 0; i < c->nlist_globs; i++)
		free(c->list_globs[i]);
	free(c->list_globs);
	free(c);
}
