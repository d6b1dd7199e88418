/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/capture.h"

static bool same_enumerators(const struct capture_label *x, const struct capture_label *y)
{
	for (size_t i = 0; i < x->nenumerators && x->nenumerators == y->nenumerators; i++)
		if (x->enumerators[i].value != y->enumerators[i].value ||
		    strcmp(x->enumerators[i].name, y->enumerators[i].name))
			return false;
	return x->nenumerators == y->nenumerators;
}

static bool same_labels(const struct capture_label *a, size_t na, const struct capture_label *b,
			size_t nb)
{
	for (size_t i = 0; i < na && na == nb; i++) {
		const struct capture_label *x = &a[i], *y = &b[i];

		if (strcmp(x->name, y->name) || x->place != y->place || x->index != y->index ||
		    x->second != y->second || x->part != y->part || x->format != y->format ||
		    x->names != y->names || !same_enumerators(x, y) ||
		    memcmp(&x->of_result, &y->of_result, sizeof(x->of_result)))
			return false;
	}
	return na == nb;
}

bool capture_spec__same_layout(const struct capture_spec *a, const struct capture_spec *b)
{
	return same_labels(a->labels, a->nlabels, b->labels, b->nlabels);
}

static bool same_kernel(const struct capture_spec *a, const struct capture_spec *b)
{
	return !memcmp(&a->kernel, &b->kernel, sizeof(a->kernel));
}

void capture_spec__number(struct capture_spec *x, const struct capture_spec **v, uint32_t *n)
{
	for (x->index = 0; x->index < *n; x->index++)
		if (same_kernel(x, v[x->index]))
			return;
	v[(*n)++] = x;
}

bool capture_spec__same(const struct capture_spec *a, const struct capture_spec *b)
{
	if (!a || !b)
		return a == b;
	for (uint32_t i = 0; i < a->kernel.nobserved && i < b->kernel.nobserved; i++)
		if (strcmp(a->observed[i], b->observed[i]))
			return false;
	return same_kernel(a, b) && capture_spec__same_layout(a, b) &&
	       same_labels(a->shown, a->nshown, b->shown, b->nshown) &&
	       a->series_ttl == b->series_ttl && a->keep == b->keep && a->by == b->by &&
	       a->returns_values == b->returns_values;
}

/* Text of the process; its page may not be in memory. */
static bool may_be_absent(const struct rp_field *f)
{
	return f->text && f->user && f->source < RP_SOURCE_PID;
}

const struct rp_filter *capture_spec__filters(const struct rp_capture_spec *k, uint32_t *n)
{
	bool grouped = k->nfilters > RP_FILTERS;

	*n = k->nfilters - (grouped ? RP_FILTERS : 0);
	return grouped ? k->alternative : k->filter;
}

bool capture_spec__reads_late(const struct capture_spec *x)
{
	const struct rp_capture_spec *k = &x->kernel;
	const struct rp_filter *v;
	uint32_t n;

	for (uint32_t i = 0; i < k->ntexts; i++)
		if (may_be_absent(&k->text[i]))
			return true;
	v = capture_spec__filters(k, &n);
	for (uint32_t i = 0; i < n; i++)
		if (may_be_absent(&v[i].field))
			return true;
	return false;
}

int capture_spec__measured(const struct capture_spec *x, bool has_size, uint32_t what)
{
	for (uint32_t i = 0; x && i < x->kernel.nmeasured; i++)
		if (x->kernel.measured[i] == what)
			return has_size + x->kernel.nobserved + i;
	return -1;
}

uint32_t capture_spec__perf_counters(const struct capture_spec *x)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < x->kernel.nmeasured; i++)
		if (x->kernel.measured[i] >= RP_PERF_COUNTER)
			bits |= 1U << (x->kernel.measured[i] - RP_PERF_COUNTER);
	return bits;
}

bool capture_spec__names_cgroups(const struct capture_spec *x)
{
	for (size_t i = 0; x && i < x->nlabels; i++)
		if (x->labels[i].format == EXPR_CGROUP)
			return true;
	return false;
}

static void free_labels(struct capture_label *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		enumerators__free(v[i].enumerators, v[i].nenumerators);
	free(v);
}

void capture_spec__free(struct capture_spec *x)
{
	if (!x)
		return;
	free_labels(x->labels, x->nlabels);
	free_labels(x->shown, x->nshown);
	free(x);
}
