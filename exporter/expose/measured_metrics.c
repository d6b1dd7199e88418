/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/measured_metrics.h"

#include "kernel/perf_counters.h"

void measured_metrics__off_cpu(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	const struct target *t = sr->state->target;
	int i = capture_spec__measured(t->capture, t->kind == RP_KIND_SIZE, RP_OFF_CPU);
	const uint64_t *words = i < 0 ? NULL : sr->cell->hists + i * in->hist_words;
	struct histogram_value v;

	if (!words)
		return;
	v = (struct histogram_value){
		.layout = series__layout(in, sr),
		.cells = words + RP_HIST_GRID,
		.sum = (double)words[RP_HIST_SUM] / 1e9,
	};
	expo__histogram(e, &(struct label_set){ sr->labels, sr->nlabels }, &v, sr->state->created);
}

/* The words of the counter *p of a CPU, or of the next one that is measured; NULL: there is none.
 */
static const uint64_t *next_perf_counter(const struct metrics_input *in, const struct series *sr,
					 uint32_t *p)
{
	const struct target *t = sr->state->target;

	for (; *p < RP_PERF_COUNTERS; (*p)++) {
		int i = capture_spec__measured(t->capture, t->kind == RP_KIND_SIZE,
					       RP_PERF_COUNTER + *p);

		if (i >= 0)
			return sr->cell->hists + i * in->hist_words;
	}
	return NULL;
}

static void write_counter(struct series *sr, const char *name, uint64_t n, struct expo *e)
{
	sr->labels[sr->nlabels] = (struct label){ "counter", name };
	expo__count(e, &(struct label_set){ sr->labels, sr->nlabels + 1 }, n, sr->state->created);
}

void measured_metrics__counters(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	static const struct {
		enum counter counter;
		size_t word;
		const char *name;
	} rows[] = { { COUNTER_PAGE_FAULTS, RP_HIST_FAULTS, "page-faults" },
		     { COUNTER_CONTEXT_SWITCHES, RP_HIST_SWITCHES, "context-switches" } };
	const struct target *t = sr->state->target;
	int i = capture_spec__measured(t->capture, t->kind == RP_KIND_SIZE, RP_USAGE);
	const uint64_t *words;

	for (size_t r = 0; i >= 0 && r < ARRAY_SIZE(rows); r++) {
		if (!(t->capture->counters & rows[r].counter))
			continue;
		write_counter(sr, rows[r].name, sr->cell->hists[i * in->hist_words + rows[r].word],
			      e);
	}
	for (uint32_t p = 0; (words = next_perf_counter(in, sr, &p)); p++)
		write_counter(sr, perf_counter_names[p], words[RP_HIST_COUNT], e);
}

void measured_metrics__uncounted(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	static const struct {
		size_t word;
		const char *name;
	} reasons[] = { { RP_HIST_SWITCHED, "switched" }, { RP_HIST_UNREAD, "unreadable" } };
	const uint64_t *words;

	for (uint32_t p = 0; (words = next_perf_counter(in, sr, &p)); p++)
		for (size_t r = 0; r < ARRAY_SIZE(reasons); r++) {
			sr->labels[sr->nlabels] =
				(struct label){ "counter", perf_counter_names[p] };
			sr->labels[sr->nlabels + 1] = (struct label){ "reason", reasons[r].name };
			expo__count(e, &(struct label_set){ sr->labels, sr->nlabels + 2 },
				    words[reasons[r].word], sr->state->created);
		}
}
