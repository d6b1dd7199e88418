/* SPDX-License-Identifier: GPL-2.0-only */
/* Its rows are the classic buckets, as their bounds are round numbers; or all bins if there are no
 * classic buckets. */
#include "top/histogram.h"

#include "expose/metrics.h"
#include "discover/outcome_text.h"
#include "expr/capture.h"
#include "top/figures.h"

#define BAR_MAX 40

/* ---- counts ---------------------------------------------------------------------------------- */

static void print_missed(struct buf *out, const struct top_row *row)
{
	const char *comma = " (";

	buf__printf(out, ", %llu missed", (unsigned long long)row->all_missed);
	for (int i = 0; i < MISSED_MAX; i++) {
		if (!row->missed[i])
			continue;
		buf__printf(out, "%s%s %llu", comma, missed_reason_names[i],
			    (unsigned long long)row->missed[i]);
		comma = ", ";
	}
	buf__puts(out, row->all_missed ? ")" : "");
}

static void print_quantile(struct buf *out, const char *name, const struct top_quantile *q)
{
	char text[FIGURE_MAX];

	figure__quantile(text, q);
	if (q->known)
		buf__printf(out, "; %s %s%s", name, q->unbounded ? "" : "at most ", text);
}

static void print_counts(struct buf *out, const struct top_row *row)
{
	char seconds[FIGURE_MAX];

	figure__seconds(seconds, row->seconds);
	buf__printf(out, "    %llu call%s, %llu error%s", (unsigned long long)row->calls,
		    row->calls == 1 ? "" : "s", (unsigned long long)row->errors,
		    row->errors == 1 ? "" : "s");
	if (!row->is_set)
		print_missed(out, row);
	buf__printf(out, " in %s", seconds);
	print_quantile(out, "p50", &row->p50);
	print_quantile(out, "p99", &row->p99);
	buf__putc(out, '\n');
}

static void print_value(struct buf *out, struct outcome_text o, uint64_t n)
{
	bool error = o.outcome && !strcmp(o.outcome, "error");
	__cleanup_free char *value = n ? escaped(o.value ? o.value : "?") : NULL;

	if (n)
		buf__printf(out, "%s%s %llu%s", out->len ? ", " : "    returned: ", value,
			    (unsigned long long)n, error ? " (error)" : "");
}

static void print_values(struct buf *out, const struct top_row *row)
{
	const struct target *t = row->state->target;
	__cleanup_buf struct buf line = {};
	char text[32];

	for (int c = 0; c < RP_CLASS_MAX; c++)
		print_value(&line, outcome_text__of_class(t, c),
			    row->cell.words[RP_CELL_CLASS + c]);
	for (size_t i = 0; i < row->cell.nvalues; i++)
		print_value(&line,
			    outcome_text__of_number(t, row->cell.values[i].value, text,
						    sizeof(text)),
			    row->cell.values[i].count);
	if (line.len)
		buf__printf(out, "%s\n", buf__str(&line));
}

/* ---- buckets --------------------------------------------------------------------------------- */

struct buckets {
	const struct histogram_layout *layout;
	const uint64_t *bins;
	const char *name;
	int width; /* of a bound */
};

static uint32_t bucket_end(const struct buckets *b, uint32_t i)
{
	const struct histogram_layout *l = b->layout;

	if (!l->nclassic)
		return i + 1;
	return i < l->nclassic ? l->classic_end[i] : l->nbins;
}

static uint64_t count_bucket(const struct buckets *b, uint32_t i)
{
	uint64_t n = 0;

	for (uint32_t bin = i ? bucket_end(b, i - 1) : 0; bin < bucket_end(b, i); bin++)
		n += b->bins[bin];
	return n;
}

/* The upper bound of a bucket; "" for the last one. */
static void print_bound(char out[FIGURE_MAX], const struct buckets *b, uint32_t i)
{
	uint32_t end = bucket_end(b, i);

	if (end > b->layout->nthresholds)
		*out = '\0';
	else if (b->layout->integers)
		snprintf(out, FIGURE_MAX, "%llu",
			 (unsigned long long)b->layout->table.threshold[end - 1]);
	else
		figure__at_most(out, b->layout->table.threshold[end - 1]);
}

static void print_bucket(struct buf *out, const struct buckets *b, uint32_t i, uint64_t most,
			 unsigned bar)
{
	char from[FIGURE_MAX] = "0", to[FIGURE_MAX];
	uint64_t n = count_bucket(b, i);
	unsigned stars = (unsigned)((double)n / (double)most * bar + 0.5);

	stars = n && !stars ? 1 : stars; /* a single call must not look like none */
	if (i)
		print_bound(from, b, i - 1);
	print_bound(to, b, i);
	buf__printf(out, "%*s .. %-*s %12llu |", b->width + 4, from, b->width, to,
		    (unsigned long long)n);
	for (unsigned k = 0; k < bar; k++)
		buf__putc(out, k < stars ? '*' : ' ');
	buf__puts(out, "|\n");
}

static void print_buckets(struct buf *out, const struct buckets *b, unsigned width)
{
	uint32_t n = b->layout->nclassic ? b->layout->nclassic + 1 : b->layout->nbins;
	uint32_t first = n, last = 0;
	unsigned bar = width > 50 ? width - 40 : 10;
	uint64_t most = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t count = count_bucket(b, i);

		most = count > most ? count : most;
		last = count ? i : last;
		first = count && first == n ? i : first;
	}
	if (!most)
		return;
	buf__printf(out, "%*s %16s\n", 2 * b->width + 4, b->name, "calls");
	for (uint32_t i = first; i <= last; i++)
		print_bucket(out, b, i, most, bar < BAR_MAX ? bar : BAR_MAX);
}

/* ---- integers -------------------------------------------------------------------------------- */

/* Histogram i of the target: of the sizes that it returns, or of an observed value. */
static void print_integers(struct buf *out, const struct top_rows *rows, const struct top_row *row,
			   size_t i, unsigned width)
{
	const struct target *t = row->state->target;
	const uint64_t *words = row->cell.hists + i * rows->hist_words;
	size_t first = t->kind == RP_KIND_SIZE;
	struct buckets b = {
		.layout = rows->layouts.integers,
		.bins = words + RP_HIST_GRID,
		.name = i < first ? "returned size" : t->capture->observed[i - first],
		.width = 10,
	};

	print_buckets(out, &b, width);
	if (words[RP_HIST_UNREADABLE] || words[RP_HIST_RANGE])
		buf__printf(out, "    %s: %llu unreadable, %llu out of range\n", b.name,
			    (unsigned long long)words[RP_HIST_UNREADABLE],
			    (unsigned long long)words[RP_HIST_RANGE]);
}

void histogram__print(struct buf *out, const struct top_rows *rows, const struct top_row *row,
		      unsigned width)
{
	const struct capture_spec *x = row->counted ? row->state->target->capture : NULL;
	struct buckets b = { rows->layouts.durations, row->cell.words + RP_CELL_BINS, "duration",
			     8 };

	buf__printf(out, "%s\n", row->name);
	print_counts(out, row);
	print_values(out, row);
	print_buckets(out, &b, width);
	for (size_t i = 0; x && i < x->nhistograms - x->kernel.nmeasured; i++)
		print_integers(out, rows, row, i, width);
}
