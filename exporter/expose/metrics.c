/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The metric families of probes. Nothing is allocated per target: a scrape of thousands of
 * functions only appends to one buffer.
 *
 * Families and targets have a fixed order, so two scrapes of the same state are equal byte by byte.
 */
#include "expose/metrics.h"

#include "discover/outcome_text.h"
#include "expose/measured_metrics.h"
#include "expose/probe_metrics.h"
#include "expose/self_metrics.h"
#include "expose/series.h"
#include "expose/span_metrics.h"
#include "expose/target_labels.h"
#include "expr/capture.h"

const char *const missed_reason_names[MISSED_MAX] = {
	[MISSED_RECURSION] = "recursion",   [MISSED_MAXACTIVE] = "maxactive",
	[MISSED_NO_ENTRY] = "no_entry",	    [MISSED_DEPTH] = "depth",
	[MISSED_UNWOUND] = "unwound",	    [MISSED_TRAPPED] = "trapped",
	[MISSED_UNREADABLE] = "unreadable",
};

/* ---- calls ----------------------------------------------------------------------------------- */

static void write_duration(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	struct histogram_value v = {
		.layout = series__layout(in, sr),
		.cells = sr->cell->words + RP_CELL_BINS,
		.sum = (double)sr->cell->words[RP_CELL_SUM] / 1e9,
		.exemplars = sr->exemplars,
		.nexemplars = sr->nexemplars,
	};

	if (sr->state->target->untimed || sr->state->target->type == TARGET_SPAN)
		return;
	expo__histogram(e, &(struct label_set){ sr->labels, sr->nlabels }, &v, sr->state->created);
}

static void write_returns(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	const struct target *t = sr->state->target;

	if (!target__is_event(t) && t->type != TARGET_SPAN)
		series__write_results(sr, 0, e);
}

static void write_events(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	if (!target__is_event(sr->state->target))
		return;
	sr->labels[1].name = "event";
	expo__count(e, &(struct label_set){ sr->labels, sr->nlabels },
		    sr->cell->words[RP_CELL_CLASS + RP_CLASS_ZERO], sr->state->created);
}

static void write_histogram(const struct metrics_input *in, struct series *sr, size_t i,
			    size_t nlabels, struct expo *e)
{
	const uint64_t *words = sr->cell->hists + i * in->hist_words;
	struct histogram_value v = {
		.layout = in->size_layout,
		.cells = words + RP_HIST_GRID,
		.sum = (double)words[RP_HIST_SUM],
	};

	expo__histogram(e, &(struct label_set){ sr->labels, nlabels }, &v, sr->state->created);
}

static void write_sizes(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	if (sr->state->target->kind == RP_KIND_SIZE && sr->state->target->capture)
		write_histogram(in, sr, 0, sr->nlabels, e);
}

static void write_observed(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	const struct target *t = sr->state->target;
	size_t first = t->kind == RP_KIND_SIZE;

	for (size_t i = 0; t->capture && i < t->capture->kernel.nobserved; i++) {
		sr->labels[sr->nlabels] = (struct label){ "name", t->capture->observed[i] };
		write_histogram(in, sr, first + i, sr->nlabels + 1, e);
	}
}

/* Values that are not in the histogram are counted in words of their own. */
static void write_unobserved(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	static const struct {
		size_t word;
		const char *reason;
	} rows[] = { { RP_HIST_UNREADABLE, "unreadable" }, { RP_HIST_RANGE, "range" } };
	const struct target *t = sr->state->target;
	size_t first = t->kind == RP_KIND_SIZE, n = sr->nlabels;

	for (size_t i = 0; t->capture && i < t->capture->kernel.nobserved; i++) {
		const uint64_t *words = sr->cell->hists + (first + i) * in->hist_words;

		sr->labels[n] = (struct label){ "name", t->capture->observed[i] };
		for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
			sr->labels[n + 1] = (struct label){ "reason", rows[r].reason };
			expo__count(e, &(struct label_set){ sr->labels, n + 2 },
				    words[rows[r].word], sr->state->created);
		}
	}
}

size_t metrics__label_sets_limit(const struct target_state *st)
{
	size_t most = st->target->capture->kernel.max_series;
	size_t room = st->snap->taken + st->snap->free_sets;

	return most < room ? most : room;
}

uint64_t metrics__label_sets_needed(const struct target_state *st)
{
	uint64_t needed = st->missed ? st->missed->sets_needed : 0;

	return needed > st->snap->taken ? needed : st->snap->taken;
}

static uint64_t in_use(const struct target_state *st)
{
	return st->snap->taken;
}

static uint64_t limit(const struct target_state *st)
{
	return metrics__label_sets_limit(st);
}

static void write_label_sets(const struct metrics_input *in, struct expo *e,
			     uint64_t (*number)(const struct target_state *))
{
	const struct target_state *st;

	for_each_counted(in, st)
	{
		const struct capture_spec *x = st->target->capture;
		struct label labels[TARGET_LABELS];

		if (!x || !x->nlabels)
			continue;
		target_labels__set(labels, st);
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, number(st), 0);
	}
}

static void write_label_sets_in_use(const struct metrics_input *in, struct expo *e)
{
	write_label_sets(in, e, in_use);
}

static void write_label_sets_limit(const struct metrics_input *in, struct expo *e)
{
	write_label_sets(in, e, limit);
}

static void write_label_sets_needed(const struct metrics_input *in, struct expo *e)
{
	write_label_sets(in, e, metrics__label_sets_needed);
}

/* Of probes whose sets make room for others. */
static void write_other_most(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for_each_counted(in, st)
	{
		const struct capture_spec *x = st->target->capture;
		struct label labels[TARGET_LABELS];

		if (!x || !x->nlabels || x->keep != KEEP_TOP || !st->missed)
			continue;
		target_labels__set(labels, st);
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
			    st->missed->other_most, 0);
	}
}

static void write_missed_series(struct expo *e, const struct target_state *st,
				enum missed_reason reason, uint64_t n, double created)
{
	struct label labels[TARGET_LABELS + 1];

	target_labels__set(labels, st);
	labels[TARGET_LABELS] = (struct label){ "reason", missed_reason_names[reason] };
	expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, n, created);
}

static void write_missed(const struct metrics_input *in, struct expo *e)
{
	static const struct target_state all = { .object = "_all", .function = "_all" };
	const struct target_state *st;

	for_each_counted(in, st)
	{
		const struct missed_target *lt = st->missed;

		for (int r = 0; lt && r < MISSED_MAX; r++)
			if (lt->reasons & 1U << r ||
			    (lt->missed[r] && st->target->type != TARGET_SPAN))
				write_missed_series(e, st, r, lt->missed[r], st->created);
	}

	/* One series for all mechanisms: there is no label for them. */
	if (!metrics_input__wants(in, "_all"))
		return;
	for (int r = 0; r < MISSED_MAX; r++) {
		uint64_t shared = 0;
		uint32_t reasons = 0;

		for (int i = 0; in->programs && i < MISSED_MECHANISMS; i++) {
			if (!in->programs[i].shared)
				continue;
			shared += in->programs[i].missed[r];
			reasons |= in->programs[i].reasons;
		}
		if (shared || reasons & 1U << r)
			write_missed_series(e, &all, r, shared, 0);
	}
}

/* Of probes with a budget. */
static void write_overhead(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for_each_counted(in, st)
	{
		struct label labels[TARGET_LABELS];

		if (!st->has_max_cpu || !st->missed)
			continue;
		target_labels__set(labels, st);
		expo__value(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
			    (double)st->missed->overhead_ns / 1e9, st->created);
	}
}

/* The next attached target whose calls in progress are known. */
static const struct target_state *next_in_flight(const struct metrics_input *in, size_t *i)
{
	const struct target_state *st;

	while ((st = target_labels__next(in, i)))
		if (st->attached && st->in_flight && st->in_flight->known &&
		    st->target->type != TARGET_SPAN)
			return st;
	return NULL;
}

static void write_in_flight(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for (size_t i = 0; (st = next_in_flight(in, &i));) {
		struct label labels[TARGET_LABELS];

		target_labels__set(labels, st);
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
			    st->in_flight->calls, 0);
	}
}

static void write_oldest(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for (size_t i = 0; (st = next_in_flight(in, &i));) {
		struct label labels[TARGET_LABELS];

		target_labels__set(labels, st);
		expo__value(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
			    (double)st->in_flight->oldest / 1e9, 0);
	}
}

static void write_longer(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for (size_t i = 0; (st = next_in_flight(in, &i));) {
		struct label labels[TARGET_LABELS + 1];

		if (!st->longer)
			continue;
		target_labels__set(labels, st);
		for (int k = 0; k < IN_FLIGHT_BOUNDS; k++) {
			char seconds[16];

			snprintf(seconds, sizeof(seconds), "%u", in_flight_bounds[k]);
			labels[TARGET_LABELS] = (struct label){ "seconds", seconds };
			expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
				    st->in_flight->longer[k], 0);
		}
	}
}

const char *const sample_drop_names[RP_DROP_MAX] = {
	[RP_DROP_RATE] = "rate",
	[RP_DROP_FULL] = "full",
	[RP_DROP_BUSY] = "busy",
};

static void write_samples(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for_each_counted(in, st)
	{
		struct label labels[TARGET_LABELS];

		if (!st->sampling)
			continue;
		target_labels__set(labels, st);
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
			    st->sampling->samples, st->created);
	}
}

static void write_dropped_samples(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for_each_counted(in, st)
	{
		struct label labels[TARGET_LABELS + 1];

		target_labels__set(labels, st);
		for (int why = 0; st->sampling && why < RP_DROP_MAX; why++) {
			labels[TARGET_LABELS] = (struct label){ "reason", sample_drop_names[why] };
			expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
				    st->sampling->dropped[why], st->created);
		}
	}
}

/* In the order of the exposition. */
static const struct series_family families[] = {
	{ { "retprobe_duration_seconds", "Time from entry to return of the function.", "seconds",
	    METRIC_HISTOGRAM },
	  .each = write_duration },
	{ { "retprobe_returns", "Calls that returned, by what they returned.", "", METRIC_COUNTER },
	  .each = write_returns },
	{ { "retprobe_events", "Events of a tracepoint or a USDT probe, and entries of functions.",
	    "", METRIC_COUNTER },
	  .each = write_events },
	{ { "retprobe_return_size_bytes", "Positive results of functions that return sizes.",
	    "bytes", METRIC_HISTOGRAM },
	  .each = write_sizes },
	{ { "retprobe_observed",
	    "Values of expressions over a function's parameters, for counted calls.", "",
	    METRIC_HISTOGRAM },
	  .each = write_observed },
	{ { "retprobe_unobserved",
	    "Calls whose observed value is not in the histogram: unreadable, or outside 0 to 2^48.",
	    "", METRIC_COUNTER },
	  .each = write_unobserved },
	{ { "retprobe_off_cpu_seconds",
	    "Time of each call in which its task was not running (split: cpu).", "seconds",
	    METRIC_HISTOGRAM },
	  .each = measured_metrics__off_cpu },
	{ { "retprobe_counter", "What the calls took of their tasks, by counter.", "",
	    METRIC_COUNTER },
	  .each = measured_metrics__counters },
	{ { "retprobe_uncounted",
	    "Calls that are not in a counter of the CPU: they left it, or it could not be read.",
	    "", METRIC_COUNTER },
	  .each = measured_metrics__uncounted },
	{ { "retprobe_label_sets",
	    "Label sets in use. Calls with other label values are counted under _other.", "",
	    METRIC_GAUGE },
	  .all = write_label_sets_in_use },
	{ { "retprobe_label_sets_limit", "Maximum number of label sets of the probe.", "",
	    METRIC_GAUGE },
	  .all = write_label_sets_limit },
	{ { "retprobe_label_sets_needed",
	    "Label sets that all calls so far would need, estimated where some found no room.", "",
	    METRIC_GAUGE },
	  .all = write_label_sets_needed },
	{ { "retprobe_label_sets_other_max",
	    "Most calls of any one label set that are in _other. Only with keep: top.", "",
	    METRIC_GAUGE },
	  .all = write_other_most },
	{ { "retprobe_missed",
	    "Calls that no other metric counts, by reason. _all: functions that share a program.",
	    "", METRIC_COUNTER },
	  .all = write_missed },
	{ { "retprobe_probe_overhead_seconds",
	    "CPU time that the probe has added to calls, estimated. Only with max_cpu.", "seconds",
	    METRIC_COUNTER },
	  .all = write_overhead },
	{ { "retprobe_in_flight",
	    "Calls in progress, as of the last scan: calls of threads that are off the CPU.", "",
	    METRIC_GAUGE },
	  .all = write_in_flight },
	{ { "retprobe_in_flight_oldest_seconds",
	    "Age of the oldest call in progress; 0: none. Where its entry was not recorded, the "
	    "time since a scan first saw it.",
	    "seconds", METRIC_GAUGE },
	  .all = write_oldest },
	{ { "retprobe_in_flight_longer",
	    "Calls that have been in progress for more than this many seconds (in_flight: longer).",
	    "", METRIC_GAUGE },
	  .all = write_longer },
	{ { "retprobe_samples", "Calls that were sampled. Only of probes with a sample key.", "",
	    METRIC_COUNTER },
	  .all = write_samples },
	{ { "retprobe_samples_dropped",
	    "Calls that were to be sampled and were not, by reason. rate: per_second was reached. "
	    "full: the exporter was late. busy: the CPU was taking another sample.",
	    "", METRIC_COUNTER },
	  .all = write_dropped_samples },
};

void metrics__write(const struct metrics_input *in, struct expo *e)
{
	series__write_families(families, ARRAY_SIZE(families), in, e);
	metrics_span__write(in, e);
	metrics_probe__write(in, e);
	metrics_self__write(in, e);
}
