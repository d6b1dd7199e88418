/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A span has the label `span` instead of object and function. For each span,
 *
 *	begun = ended + cancelled + replaced + no_room + detached + running
 */
#include "expose/span_metrics.h"

#include "expose/series.h"

#define SKIPPED 1 /* of the labels of a target: its object */

/* The next span that has counts and passes the filter. */
static const struct target_state *next_span(const struct metrics_input *in, size_t *i)
{
	const struct target_state *st;

	while ((st = target_labels__next(in, i)))
		if (st->target->type == TARGET_SPAN)
			return st;
	return NULL;
}

/* Without a histogram, if the pool is used up (bpf/pool.bpf.h), they are untimed. */
static uint64_t calls_of(const struct metrics_input *in, const struct snap_cell *cell)
{
	uint64_t sum = cell->words[RP_CELL_UNTIMED];

	for (size_t i = 0; i < in->layout->nbins; i++)
		sum += cell->words[RP_CELL_BINS + i];
	return sum;
}

static uint64_t ended(const struct metrics_input *in, const struct snap_target *t)
{
	uint64_t sum = calls_of(in, &t->cell);

	for (size_t i = 0; i < t->nsets; i++)
		sum += calls_of(in, &t->sets[i].cell);
	return sum;
}

/* Those that ran when the span was detached for a while. */
static uint64_t detached(const struct target_state *st)
{
	return st->missed ? st->missed->missed[MISSED_UNWOUND] : 0;
}

static uint64_t running(const struct metrics_input *in, const struct target_state *st)
{
	const uint64_t *events = st->snap->events;
	uint64_t over = ended(in, st->snap) + detached(st) + events[RP_SPAN_CANCELLED] +
			events[RP_SPAN_REPLACED] + events[RP_SPAN_NO_ROOM];

	return events[RP_SPAN_BEGUN] > over ? events[RP_SPAN_BEGUN] - over : 0;
}

static void write_seconds(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	struct histogram_value v = {
		.layout = series__layout(in, sr),
		.cells = sr->cell->words + RP_CELL_BINS,
		.sum = (double)sr->cell->words[RP_CELL_SUM] / 1e9,
	};

	if (sr->state->target->type != TARGET_SPAN)
		return;
	sr->labels[SKIPPED].name = "span";
	expo__histogram(e, &(struct label_set){ sr->labels + SKIPPED, sr->nlabels - SKIPPED }, &v,
			sr->state->created);
}

static void write_ended(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	if (sr->state->target->type != TARGET_SPAN)
		return;
	sr->labels[SKIPPED].name = "span";
	series__write_results(sr, SKIPPED, e);
}

static void write_begun(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for (size_t i = 0; (st = next_span(in, &i));) {
		struct label label = { "span", st->function };

		expo__count(e, &(struct label_set){ &label, 1 }, st->snap->events[RP_SPAN_BEGUN],
			    st->created);
	}
}

static void write_lost_of(const struct target_state *st, struct expo *e)
{
	const uint64_t *events = st->snap->events;
	const struct {
		const char *reason;
		uint64_t n;
	} rows[] = {
		{ "cancelled", events[RP_SPAN_CANCELLED] },
		{ "replaced", events[RP_SPAN_REPLACED] },
		{ "no_room", events[RP_SPAN_NO_ROOM] },
		{ "detached", detached(st) },
		{ "unmatched", events[RP_SPAN_UNMATCHED] },
		{ "unreadable", events[RP_SPAN_UNREADABLE] },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct label labels[] = { { "span", st->function }, { "reason", rows[i].reason } };

		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, rows[i].n,
			    st->created);
	}
}

static void write_lost(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for (size_t i = 0; (st = next_span(in, &i));)
		write_lost_of(st, e);
}

static void write_running(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for (size_t i = 0; (st = next_span(in, &i));) {
		struct label label = { "span", st->function };

		expo__count(e, &(struct label_set){ &label, 1 }, running(in, st), 0);
	}
}

static void write_oldest(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for (size_t i = 0; (st = next_span(in, &i));) {
		struct label label = { "span", st->function };

		if (st->in_flight && st->in_flight->known)
			expo__value(e, &(struct label_set){ &label, 1 },
				    (double)st->in_flight->oldest / 1e9, 0);
	}
}

/* In the order of the exposition. */
static const struct series_family families[] = {
	{ { "retprobe_span_seconds", "Time from the begin of the span to its end.", "seconds",
	    METRIC_HISTOGRAM },
	  .each = write_seconds },
	{ { "retprobe_span_ended", "Spans that ended, by outcome.", "", METRIC_COUNTER },
	  .each = write_ended },
	{ { "retprobe_span_begun", "Spans that began.", "", METRIC_COUNTER }, .all = write_begun },
	{ { "retprobe_span_lost",
	    "Spans that began and have no duration, and points that belong to none, by reason.", "",
	    METRIC_COUNTER },
	  .all = write_lost },
	{ { "retprobe_span_running", "Spans that have begun and not ended.", "", METRIC_GAUGE },
	  .all = write_running },
	{ { "retprobe_span_oldest_seconds",
	    "Age of the oldest running span, as of the last scan; 0: none.", "seconds",
	    METRIC_GAUGE },
	  .all = write_oldest },
};

void metrics_span__write(const struct metrics_input *in, struct expo *e)
{
	series__write_families(families, ARRAY_SIZE(families), in, e);
}
