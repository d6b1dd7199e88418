/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts only grow, but they can move: an idle label set is folded into _other, with its counts
 * from before the older reading. So what _other has got from sets that are gone is subtracted from
 * it, too.
 */
#include "top/rows.h"

#include <math.h>

#include "base/buf.h"
#include "discover/outcome_text.h"
#include "expr/capture.h"

#define SECONDS_MIN 1e-6 /* rates are divided by the time */

/* ---- numbers --------------------------------------------------------------------------------- */

struct top_quantile rows__quantile(const uint64_t *cells, const struct histogram_layout *layout,
				   double q)
{
	struct top_quantile out = {};
	uint64_t all = 0, sum = 0;
	double rank;
	uint32_t i = 0;

	for (uint32_t bin = 0; bin < layout->nbins; bin++)
		all += cells[bin];
	if (!all)
		return out;
	rank = q * (double)all;
	for (sum = cells[0]; (double)sum < rank && i + 1 < layout->nbins; sum += cells[i])
		i++;
	out.known = true;
	out.unbounded = i >= layout->nthresholds;
	out.above = i ? layout->table.threshold[i - 1] : 0;
	out.most = out.unbounded ? 0 : layout->table.threshold[i];
	return out;
}

static uint64_t count_errors(const struct target *t, const struct snap_cell *cell)
{
	uint64_t n = 0;
	char text[32];

	for (int c = 0; c < RP_CLASS_MAX; c++) {
		struct outcome_text o = outcome_text__of_class(t, c);

		if (o.outcome && !strcmp(o.outcome, "error"))
			n += cell->words[RP_CELL_CLASS + c];
	}
	for (size_t i = 0; i < cell->nvalues; i++)
		if (!strcmp(outcome_text__of_number(t, cell->values[i].value, text, sizeof(text))
				    .outcome,
			    "error"))
			n += cell->values[i].count;
	return n;
}

/* ---- cells ----------------------------------------------------------------------------------- */

struct work {
	const struct reading *older, *newer;
	const struct histogram_layout *layout;
	struct top_rows *rows;
	size_t nhist; /* words of all histograms of integers of the current function's cells */
};

static size_t words_of(const struct work *w)
{
	return RP_CELL_BINS + w->layout->nbins;
}

/* With room for nvalues. */
static struct snap_cell new_cell(struct work *w, size_t nvalues)
{
	size_t nwords = words_of(w) + w->nhist;
	uint64_t *memory =
		xcalloc(1, nwords * sizeof(*memory) + nvalues * sizeof(struct snap_value));

	*(uint64_t **)array__grow(&w->rows->cells, &w->rows->ncells, sizeof(memory)) = memory;
	return (struct snap_cell){
		.words = memory,
		.hists = memory + words_of(w),
		.values = (struct snap_value *)(memory + nwords),
	};
}

/* sign: 1 or -1, which is right modulo 2^64. */
static void add(const struct work *w, struct snap_cell *to, const struct snap_cell *c,
		uint64_t sign)
{
	for (size_t i = 0; i < words_of(w); i++)
		to->words[i] += sign * c->words[i];
	for (size_t i = 0; i < w->nhist; i++)
		to->hists[i] += sign * c->hists[i];
	for (size_t i = 0; i < c->nvalues; i++)
		to->values[to->nvalues++] =
			(struct snap_value){ c->values[i].value, sign * c->values[i].count, 0 };
}

/* Removes values without a call, and what would be less than 0. */
static void finish(const struct work *w, struct snap_cell *c)
{
	size_t kept = 0;

	/* The histograms are behind the words. */
	for (size_t i = 0; i < words_of(w) + w->nhist; i++)
		c->words[i] = (int64_t)c->words[i] < 0 ? 0 : c->words[i];
	c->nvalues = snap_values__merge(c->values, c->nvalues);
	for (size_t i = 0; i < c->nvalues; i++)
		if ((int64_t)c->values[i].count > 0)
			c->values[kept++] = c->values[i];
	c->nvalues = kept;
}

static size_t count_values(const struct snap_target *t)
{
	size_t n = t ? t->cell.nvalues : 0;

	for (size_t i = 0; t && i < t->nsets; i++)
		n += t->sets[i].cell.nvalues;
	return n;
}

static void add_all(const struct work *w, struct snap_cell *to, const struct snap_target *t,
		    uint64_t sign)
{
	if (!t)
		return;
	add(w, to, &t->cell, sign);
	for (size_t i = 0; i < t->nsets; i++)
		add(w, to, &t->sets[i].cell, sign);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static size_t directory_of(const struct reading_function *f)
{
	const char *slash = target__is_in_file(f->state->target) ? strrchr(f->object, '/') : NULL;
	__cleanup_free char *directory = slash ? xstrndup(f->object, slash + 1 - f->object) : NULL;
	__cleanup_free char *shown = slash ? escaped(directory) : NULL;

	return slash ? strlen(shown) : 0;
}

static char *name_of(const struct reading_function *f, const struct label_texts *texts, bool is_set)
{
	const struct capture_spec *x = f->state->target->capture;
	__cleanup_buf struct buf b = {};

	if (f->type != TARGET_KERNEL || strcmp(f->object, "vmlinux"))
		buf__printf(&b, "%s:", f->object);
	buf__puts(&b, f->function);
	if (f->probe)
		buf__printf(&b, "[%s]", f->probe);
	for (size_t i = 0; is_set && i < x->nlabels; i++) {
		buf__printf(&b, "%s%s=\"", i ? "," : "{", x->labels[i].name);
		buf__puts(&b, texts ? texts->v[i] : LABEL_OTHERS);
		buf__puts(&b, i + 1 < x->nlabels ? "\"" : "\"}");
	}
	return escaped(buf__str(&b) ? buf__str(&b) : "?");
}

static struct top_row *add_row(struct work *w, const struct reading_function *f,
			       const struct snap_cell *cell)
{
	struct top_row *row = array__grow(&w->rows->v, &w->rows->n, sizeof(*row));
	const uint64_t *bins = cell->words + RP_CELL_BINS;

	*row = (struct top_row){
		.state = f->state,
		.directory = directory_of(f),
		.counted = f->snap,
		.cell = *cell,
		.calls = snap_cell__calls(cell, w->layout),
		.errors = count_errors(f->state->target, cell),
		.p50 = rows__quantile(bins, w->layout, 0.5),
		.p99 = rows__quantile(bins, w->layout, 0.99),
		.time = f->state->target->untimed ? -1 : (double)cell->words[RP_CELL_SUM] / 1e9,
	};
	return row;
}

static bool same_texts(const struct label_texts *a, const struct label_texts *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (strcmp(a->v[i], b->v[i]))
			return false;
	return a->n == b->n;
}

static int compare_texts(const void *a, const void *b)
{
	const struct label_texts *x = (*(const struct snap_set *const *)a)->texts,
				 *y = (*(const struct snap_set *const *)b)->texts;

	for (size_t i = 0; i < x->n && i < y->n; i++) {
		int order = strcmp(x->v[i], y->v[i]);

		if (order)
			return order;
	}
	return 0;
}

/* Sorted, so that the sets of two readings are found in each other. */
static const struct snap_set **sort_sets(const struct snap_target *t, size_t *n)
{
	const struct snap_set **v;

	*n = t ? t->nsets : 0;
	v = xcalloc(*n + 1, sizeof(*v));
	for (size_t i = 0; i < *n; i++)
		v[i] = &t->sets[i];
	qsort(v, *n, sizeof(*v), compare_texts);
	return v;
}

static void add_set(struct work *w, const struct reading_function *f, struct snap_cell *cell,
		    const struct label_texts *texts, double seconds)
{
	struct top_row *row;

	finish(w, cell);
	if (!snap_cell__calls(cell, w->layout))
		return;
	row = add_row(w, f, cell);
	row->is_set = true;
	row->texts = texts;
	row->seconds = seconds;
	row->name = name_of(f, texts, true);
}

/* The label sets with calls, and _other. */
static void add_sets(struct work *w, const struct reading_function *f,
		     const struct snap_target *before, double seconds)
{
	size_t nnew, nold, i = 0;
	__cleanup_free const struct snap_set **new = sort_sets(f->snap, &nnew),
					     **old = sort_sets(before, &nold);
	struct snap_cell others = new_cell(w, f->snap->cell.nvalues + count_values(before));

	add(w, &others, &f->snap->cell, 1);
	if (before)
		add(w, &others, &before->cell, -1);
	for (size_t k = 0; k < nnew; k++) {
		const struct snap_set *was = NULL;
		struct snap_cell cell;

		while (i < nold && compare_texts(&old[i], &new[k]) < 0)
			add(w, &others, &old[i++]->cell, -1);
		if (i < nold && same_texts(old[i]->texts, new[k]->texts))
			was = old[i++];
		cell = new_cell(w, new[k]->cell.nvalues + (was ? was->cell.nvalues : 0));
		add(w, &cell, &new[k]->cell, 1);
		if (was)
			add(w, &cell, &was->cell, -1);
		add_set(w, f, &cell, new[k]->texts, seconds);
	}
	while (i < nold)
		add(w, &others, &old[i++]->cell, -1);
	add_set(w, f, &others, NULL, seconds);
}

/* The same function with the same counters; NULL: none. */
static const struct reading_function *find(const struct reading *r,
					   const struct reading_function *f)
{
	for (size_t i = 0; r && i < r->n; i++) {
		const struct reading_function *g = &r->v[i];

		if (g->type == f->type && g->snap && f->snap && g->created == f->created &&
		    !strcmp(g->function, f->function) && !strcmp(g->object, f->object) &&
		    !strcmp(g->probe ? g->probe : "", f->probe ? f->probe : ""))
			return g;
	}
	return NULL;
}

static void add_samples(struct top_row *row, const struct reading_function *f,
			const struct reading_function *was)
{
	row->sampled = f->sampled;
	row->samples = f->sampling.samples - (was ? was->sampling.samples : 0);
	for (int i = 0; i < RP_DROP_MAX; i++)
		row->dropped[i] = f->sampling.dropped[i] - (was ? was->sampling.dropped[i] : 0);
}

static void add_function(struct work *w, const struct reading_function *f, size_t place)
{
	const struct reading_function *was = NULL;
	const struct reading *older = w->older;
	const struct capture_spec *x = f->snap ? f->state->target->capture : NULL;
	struct snap_cell total;
	struct top_row *row;

	w->nhist = x ? (size_t)x->nhistograms * w->newer->hist_words : 0;
	/* Usually both readings have the same functions. */
	if (older && place < older->n)
		was = find(&(struct reading){ .v = &older->v[place], .n = 1 }, f);
	if (!was)
		was = find(older, f);
	total = new_cell(w, count_values(f->snap) + count_values(was ? was->snap : NULL));
	add_all(w, &total, f->snap, 1);
	add_all(w, &total, was ? was->snap : NULL, -1);
	finish(w, &total);
	row = add_row(w, f, &total);
	row->name = name_of(f, NULL, false);
	row->seconds = w->rows->seconds;
	if (!was && f->snap)
		row->seconds = fmax(fmin(row->seconds, w->newer->clock - f->created), SECONDS_MIN);
	row->has_in_flight = f->in_flight.known;
	row->in_flight = f->in_flight.known ? f->in_flight.calls : 0;
	for (int i = 0; i < MISSED_MAX; i++) {
		uint64_t before = was ? was->missed[i] : 0;

		row->missed[i] = f->missed[i] > before ? f->missed[i] - before : 0;
		row->all_missed += row->missed[i];
	}
	add_samples(row, f, was);
	if (x && x->nlabels)
		add_sets(w, f, was ? was->snap : NULL, row->seconds);
}

static uint64_t count_shared(const struct reading *r)
{
	uint64_t n = 0;

	for (int i = 0; r && i < MISSED_MECHANISMS; i++)
		for (int k = 0; k < MISSED_MAX && r->programs[i].shared; k++)
			n += r->programs[i].missed[k];
	return n;
}

struct top_rows *rows__between(const struct reading *older, const struct reading *newer,
			       const struct top_layouts *layouts)
{
	struct top_rows *rows = xcalloc(1, sizeof(*rows));
	struct work w = { older, newer, layouts->durations, rows, 0 };
	uint64_t shared = count_shared(newer), before = count_shared(older);

	rows->layouts = *layouts;
	rows->hist_words = newer->hist_words;
	rows->seconds = older ? fmax(newer->at - older->at, SECONDS_MIN) : INFINITY;
	rows->shared_missed = shared > before ? shared - before : 0;
	for (size_t i = 0; i < newer->n; i++)
		add_function(&w, &newer->v[i], i);
	return rows;
}

void rows__free(struct top_rows *rows)
{
	if (!rows)
		return;
	for (size_t i = 0; i < rows->n; i++)
		free(rows->v[i].name);
	for (size_t i = 0; i < rows->ncells; i++)
		free(rows->cells[i]);
	free(rows->cells);
	free(rows->v);
	free(rows);
}

/* ---- order ----------------------------------------------------------------------------------- */

/* -1: unknown. */
static double number(const struct top_row *row, enum top_column column)
{
	switch (column) {
	case TOP_CALLS:
		return row->counted ? (double)row->calls / row->seconds : -1;
	case TOP_ERRORS:
		return row->counted ? (double)row->errors / row->seconds : -1;
	case TOP_MISSED:
		return row->counted && !row->is_set ? (double)row->all_missed / row->seconds : -1;
	case TOP_P50:
		return row->p50.known ? (double)row->p50.above : -1;
	case TOP_P99:
		return row->p99.known ? (double)row->p99.above : -1;
	case TOP_IN_FLIGHT:
		return row->has_in_flight ? (double)row->in_flight : -1;
	case TOP_TIME:
		return row->counted ? row->time / row->seconds : -1;
	default:
		return 0;
	}
}

struct order {
	enum top_column column;
	bool reverse;
};

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct top_row *x = a, *y = b;
	const struct order *order = ctx;
	double m = number(x, order->column), n = number(y, order->column);
	int by_name = strcmp(x->name, y->name), by_number = m > n ? -1 : m < n;

	if (m < 0 || n < 0)
		return by_number ? by_number : by_name;
	if (order->reverse)
		by_number = -by_number;
	if (order->column == TOP_FUNCTION && order->reverse)
		return -by_name;
	return by_number ? by_number : by_name;
}

void rows__sort(struct top_rows *rows, enum top_column column, bool reverse)
{
	struct order order = { column, reverse };

	if (rows->n)
		qsort_r(rows->v, rows->n, sizeof(*rows->v), compare_rows, &order);
}
