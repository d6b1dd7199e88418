/* SPDX-License-Identifier: GPL-2.0-only */
#include "top/json.h"

#include "base/version.h"
#include "expose/metrics.h"
#include "discover/outcome_text.h"
#include "expr/capture.h"
#include "pages/json.h"
#include "pages/sample_json.h"
#include "top/samples.h"

static void print_seconds(struct buf *b, uint64_t ns)
{
	buf__double(b, (double)ns / 1e9);
}

static void print_quantile(struct buf *b, const char *name, const struct top_quantile *q)
{
	buf__printf(b, ",\"%s\":", name);
	if (!q->known) {
		buf__puts(b, "null");
		return;
	}
	buf__puts(b, "{\"above\":");
	print_seconds(b, q->above);
	buf__puts(b, ",\"at_most\":");
	if (q->unbounded)
		buf__puts(b, "null");
	else
		print_seconds(b, q->most);
	buf__putc(b, '}');
}

static void print_return(struct buf *b, struct outcome_text o, uint64_t n, const char **comma)
{
	if (!n || !o.outcome)
		return;
	buf__printf(b, "%s{\"outcome\":", *comma);
	buf__json_string(b, o.outcome);
	buf__puts(b, ",\"value\":");
	buf__json_string(b, o.value);
	buf__printf(b, ",\"calls\":%llu}", (unsigned long long)n);
	*comma = ",";
}

static void print_returns(struct buf *b, const struct top_row *row)
{
	const struct target *t = row->state->target;
	const char *comma = "";
	char text[32];

	buf__puts(b, ",\"returns\":[");
	for (int c = 0; c < RP_CLASS_MAX; c++)
		print_return(b, outcome_text__of_class(t, c), row->cell.words[RP_CELL_CLASS + c],
			     &comma);
	for (size_t i = 0; i < row->cell.nvalues; i++)
		print_return(b,
			     outcome_text__of_number(t, row->cell.values[i].value, text,
						     sizeof(text)),
			     row->cell.values[i].count, &comma);
	buf__putc(b, ']');
}

/* Bins with calls: the upper bound, null for the last bin, and the calls. */
static void print_histogram(struct buf *b, const uint64_t *bins,
			    const struct histogram_layout *layout)
{
	const char *comma = "";

	buf__puts(b, ",\"histogram\":[");
	for (uint32_t i = 0; i < layout->nbins; i++) {
		if (!bins[i])
			continue;
		buf__printf(b, "%s[", comma);
		if (i >= layout->nthresholds)
			buf__puts(b, "null");
		else if (layout->integers)
			buf__u64(b, layout->table.threshold[i]);
		else
			print_seconds(b, layout->table.threshold[i]);
		buf__printf(b, ",%llu]", (unsigned long long)bins[i]);
		comma = ",";
	}
	buf__putc(b, ']');
}

/* The sizes that the function returns, and observed values. */
static void print_integers(struct buf *b, const struct top_rows *rows, const struct top_row *row)
{
	const struct target *t = row->state->target;
	size_t first = t->kind == RP_KIND_SIZE;
	size_t n = t->capture ? first + t->capture->kernel.nobserved : 0;

	if (!n)
		return;
	buf__puts(b, ",\"integers\":[");
	for (size_t i = 0; i < n; i++) {
		const uint64_t *words = row->cell.hists + i * rows->hist_words;

		buf__printf(b, "%s{\"name\":", i ? "," : "");
		if (i < first)
			buf__puts(b, "null");
		else
			buf__json_string(b, t->capture->observed[i - first]);
		buf__printf(b, ",\"sum\":%llu,\"unreadable\":%llu,\"out_of_range\":%llu",
			    (unsigned long long)words[RP_HIST_SUM],
			    (unsigned long long)words[RP_HIST_UNREADABLE],
			    (unsigned long long)words[RP_HIST_RANGE]);
		print_histogram(b, words + RP_HIST_GRID, rows->layouts.integers);
		buf__putc(b, '}');
	}
	buf__putc(b, ']');
}

static void print_counts(struct buf *b, const struct top_rows *rows, const struct top_row *row)
{
	buf__printf(b, "\"calls\":%llu,\"errors\":%llu", (unsigned long long)row->calls,
		    (unsigned long long)row->errors);
	buf__puts(b, ",\"time\":");
	if (row->time < 0)
		buf__puts(b, "null");
	else
		buf__double(b, row->time);
	print_quantile(b, "p50", &row->p50);
	print_quantile(b, "p99", &row->p99);
	print_returns(b, row);
	print_histogram(b, row->cell.words + RP_CELL_BINS, rows->layouts.durations);
	print_integers(b, rows, row);
}

static void print_set(struct buf *b, const struct top_rows *rows, const struct top_row *row)
{
	const struct capture_spec *x = row->state->target->capture;

	buf__puts(b, "{\"labels\":{");
	for (size_t i = 0; i < x->nlabels; i++) {
		buf__puts(b, i ? "," : "");
		buf__json_string(b, x->labels[i].name);
		buf__putc(b, ':');
		buf__json_string(b, row->texts ? row->texts->v[i] : LABEL_OTHERS);
	}
	buf__puts(b, "},");
	print_counts(b, rows, row);
	buf__putc(b, '}');
}

static void print_sets(struct buf *b, const struct top_rows *rows, const struct top_row *of)
{
	const char *comma = "";

	if (!of->state->target->capture || !of->state->target->capture->nlabels)
		return;
	buf__puts(b, ",\"label_sets\":[");
	for (size_t i = 0; i < rows->n; i++) {
		if (!rows->v[i].is_set || rows->v[i].state != of->state)
			continue;
		buf__puts(b, comma);
		print_set(b, rows, &rows->v[i]);
		comma = ",\n";
	}
	buf__putc(b, ']');
}

static void print_missed(struct buf *b, const struct top_row *row)
{
	const char *comma = "";

	buf__puts(b, ",\"missed\":{");
	for (int i = 0; i < MISSED_MAX; i++) {
		if (!row->missed[i])
			continue;
		buf__printf(b, "%s\"%s\":%llu", comma, missed_reason_names[i],
			    (unsigned long long)row->missed[i]);
		comma = ",";
	}
	buf__putc(b, '}');
}

static void print_samples(struct buf *b, const struct top_rows *rows, const struct top_row *row)
{
	const struct samples_report *report = rows->samples;
	uint64_t dropped = 0;
	const char *comma = "";

	if (!row->sampled)
		return;
	for (int i = 0; i < RP_DROP_MAX; i++)
		dropped += row->dropped[i];
	buf__printf(b, ",\"samples\":%llu,\"samples_dropped\":%llu,\"newest_samples\":[",
		    (unsigned long long)row->samples, (unsigned long long)dropped);
	for (size_t i = 0; report && i < report->n; i++) {
		if (!top_samples__is_of(&report->v[i], row))
			continue;
		buf__puts(b, comma);
		sample_json__print(b, &report->v[i], &report->v[i].names[0]);
		comma = ",\n";
	}
	buf__putc(b, ']');
}

static void print_function(struct buf *b, const struct top_rows *rows, const struct top_row *row)
{
	const struct target_state *st = row->state;

	buf__puts(b, "{\"object\":");
	buf__json_string(b, st->object);
	json__member(b, "function", st->function);
	json__member(b, "probe", st->probe);
	json__member(b, "mechanism", st->attached ? st->mechanism : NULL);
	json__member(b, "reason", st->attached ? "" : target_reason_names[st->target->reason]);
	json__member(b, "why", st->attached ? NULL : st->target->why);
	if (row->counted) {
		buf__puts(b, ",\"seconds\":");
		buf__double(b, row->seconds);
		buf__puts(b, ",\"in_flight\":");
		if (row->has_in_flight)
			buf__u64(b, row->in_flight);
		else
			buf__puts(b, "null");
		print_missed(b, row);
		buf__putc(b, ',');
		print_counts(b, rows, row);
		print_samples(b, rows, row);
		print_sets(b, rows, row);
	}
	buf__putc(b, '}');
}

void top_json__print(struct buf *out, const struct top_rows *rows)
{
	const char *comma = "\n";

	buf__puts(out, "{\"version\":");
	buf__json_string(out, rp_version);
	buf__puts(out, ",\"seconds\":");
	buf__double(out, rows->seconds);
	buf__printf(out, ",\"shared_missed\":%llu,\"functions\":[",
		    (unsigned long long)rows->shared_missed);
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->v[i].is_set)
			continue;
		buf__puts(out, comma);
		print_function(out, rows, &rows->v[i]);
		comma = ",\n";
	}
	buf__puts(out, "\n]}\n");
}
