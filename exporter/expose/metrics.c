/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is exported of probes, under which names. Nothing is computed here but sums that law 1 asks
 * for, and nothing is allocated per target: a scrape of thousands of functions only appends to one
 * buffer.
 *
 * Families come in one order, targets within a family in theirs, so that two scrapes of one state
 * are the same bytes.
 */
#include "expose/metrics.h"

#include "bpf/outcome.h"
#include "expr/capture.h"
#include "expose/self_metrics.h"

const char *const missed_reason_names[MISSED_MAX] = {
	[MISSED_RECURSION] = "recursion", [MISSED_MAXACTIVE] = "maxactive",
	[MISSED_NO_ENTRY] = "no_entry",	  [MISSED_DEPTH] = "depth",
	[MISSED_UNWOUND] = "unwound",	  [MISSED_TRAPPED] = "trapped",
};

/* ---- outcomes (DESIGN section 5) ------------------------------------------------------------- */

/* What a class of a kind is called; without a name the kind cannot have it. */
static const struct class_row {
	struct outcome_text text;
	bool from_start; /* exported before the first call */
} class_rows[RP_KIND_MAX][RP_CLASS_MAX] = {
	[RP_KIND_ERRNO] = {
		[RP_CLASS_ZERO] = { { "ok", "0" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "positive" }, true },
		[RP_CLASS_NEGATIVE] = { { "ok", "negative" }, false },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_SIZE] = {
		[RP_CLASS_ZERO] = { { "ok", "0" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "positive" }, true },
		[RP_CLASS_NEGATIVE] = { { "ok", "negative" }, false },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_UNSIGNED] = {
		[RP_CLASS_ZERO] = { { "ok", "0" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "positive" }, true },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_POINTER] = {
		[RP_CLASS_ZERO] = { { "null", "NULL" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "pointer" }, true },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_BOOL] = {
		[RP_CLASS_ZERO] = { { "ok", "false" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "true" }, true },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_ENUM] = {
		[RP_CLASS_NEGATIVE] = { { "error", "_other" }, false },
		[RP_CLASS_OTHER] = { { "ok", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_VALUE] = {
		[RP_CLASS_NEGATIVE] = { { "error", "_other" }, false },
		[RP_CLASS_OTHER] = { { "ok", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_UVALUE] = {
		[RP_CLASS_NEGATIVE] = { { "error", "_other" }, false },
		[RP_CLASS_OTHER] = { { "ok", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
	[RP_KIND_VOID] = {
		[RP_CLASS_ZERO] = { { "ok", "void" }, true },
	},
	[RP_KIND_RAW] = {
		[RP_CLASS_ZERO] = { { "ok", "zero" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "positive" }, true },
		[RP_CLASS_NEGATIVE] = { { "ok", "negative" }, true },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
		[RP_CLASS_TAIL] = { { "unknown", "tail_call" }, false },
	},
};

struct outcome_text metrics__class_text(const struct target *t, enum rp_class cls)
{
	struct outcome_text text = class_rows[t->kind][cls].text;

	if (t->error.classes & 1U << cls)
		text.outcome = "error";
	return text;
}

/* A result that is counted by its number, and shown as it. */
static struct outcome_text number_text(const struct target *t, int64_t value, char *buf,
				       size_t size)
{
	const char *name = t->kind == RP_KIND_ENUM ? target__enumerator(t, value) : NULL;

	if (!name)
		snprintf(buf, size, t->kind == RP_KIND_UVALUE ? "%llu" : "%lld", (long long)value);
	return (struct outcome_text){ result__satisfies(&t->error, value) ? "error" : "ok",
				      name ? name : buf };
}

struct outcome_text metrics__detail_text(const struct target *t, int64_t value, char *buf,
					 size_t size)
{
	/* An error of a class that has others, too: see rp_extra.split. */
	int64_t cls = -1 - value;

	if (rp_kind_is_numbered(t->kind))
		return number_text(t, value, buf, size);
	if (cls >= 0 && cls < RP_CLASS_MAX && class_rows[t->kind][cls].text.value)
		return (struct outcome_text){ "error", class_rows[t->kind][cls].text.value };
	return (struct outcome_text){ rp_is_restart(value) ? "restarted" : "error",
				      errno_name(value, buf, size) };
}

/* ---- targets --------------------------------------------------------------------------------- */

static const struct metric_family duration_family = {
	.name = "retprobe_duration_seconds",
	.help = "Time from entry to return of the function.",
	.unit = "seconds",
	.type = METRIC_HISTOGRAM,
};

static const struct metric_family returns_family = {
	.name = "retprobe_returns",
	.help = "Calls that returned, by what they returned.",
	.unit = "",
	.type = METRIC_COUNTER,
};

static const struct metric_family sizes_family = {
	.name = "retprobe_return_size_bytes",
	.help = "Positive results of functions that return sizes.",
	.unit = "bytes",
	.type = METRIC_HISTOGRAM,
};

static const struct metric_family observed_family = {
	.name = "retprobe_observed",
	.help = "Values of expressions over a function's parameters, of the calls that are "
		"counted.",
	.unit = "",
	.type = METRIC_HISTOGRAM,
};

static const struct metric_family unobserved_family = {
	.name = "retprobe_unobserved",
	.help = "Calls whose observed value is in no histogram: unreadable, or out of the range "
		"from 0 to 2^48.",
	.unit = "",
	.type = METRIC_COUNTER,
};

static const struct metric_family label_sets_family = {
	.name = "retprobe_label_sets",
	.help = "Label sets in use; calls with others are counted under _other.",
	.unit = "",
	.type = METRIC_GAUGE,
};

static const struct metric_family label_sets_limit_family = {
	.name = "retprobe_label_sets_limit",
	.help = "Label sets that the probe may have.",
	.unit = "",
	.type = METRIC_GAUGE,
};

static const struct metric_family missed_family = {
	.name = "retprobe_missed",
	.help = "Calls that are in no other number, by the reason why; _all stands for functions "
		"that share a program.",
	.unit = "",
	.type = METRIC_COUNTER,
};

static const struct metric_family probe_info_family = {
	.name = "retprobe_probe_info",
	.help = "Attached probes: the mechanism in use and how return values are read. Always 1.",
	.unit = "",
	.type = METRIC_GAUGE,
};

static const struct metric_family probe_attached_family = {
	.name = "retprobe_probe_attached",
	.help = "Whether the probe is attached (1) or not (0), and the reason why not.",
	.unit = "",
	.type = METRIC_GAUGE,
};

static const struct metric_family probe_detached_family = {
	.name = "retprobe_probe_detached",
	.help = "Times that the probe was detached unasked: overload, it was called more often "
		"than its max_rate allows, or user functions were, all together; relinked, for a "
		"moment, as it shared a link with such a "
		"one; waiting, its module was unloaded.",
	.unit = "",
	.type = METRIC_COUNTER,
};

bool metrics__wants(const struct metrics_input *in, const char *function)
{
	if (!in->functions)
		return true;
	for (size_t i = 0; i < in->nfunctions; i++)
		if (!strcmp(in->functions[i], function))
			return true;
	return false;
}

const char *metrics__object(const struct target_state *st)
{
	if (st->object)
		return st->object;
	if (st->target->object)
		return st->target->object;
	return st->target->type == TARGET_SYSCALL ? "syscall" : "vmlinux";
}

const char *metrics__function(const struct target_state *st)
{
	return st->function ? st->function : st->target->function;
}

/* Every series of a target begins with these; families add theirs behind. */
#define TARGET_LABELS 2
static void target_labels(struct label *labels, const struct target_state *st)
{
	labels[0] = (struct label){ "object", metrics__object(st) };
	labels[1] = (struct label){ "function", metrics__function(st) };
}

/* The next target that has numbers and that the filter lets through, from *i on; NULL at the end.
 */
static const struct target_state *next_counted(const struct metrics_input *in, size_t *i)
{
	while (*i < in->ntargets) {
		const struct target_state *st = &in->targets[(*i)++];

		if (st->snap && metrics__wants(in, metrics__function(st)))
			return st;
	}
	return NULL;
}

#define for_each_counted(in, st) for (size_t __i = 0; ((st) = next_counted(in, &__i)) != NULL;)

/* One series of a target: of one of its label sets, or of the calls that have none. */
struct series {
	const struct target_state *state;
	const struct snap_cell *cell;
	struct label labels[TARGET_LABELS + EXTRA_LABELS_MAX + 2]; /* two for the family */
	size_t nlabels;
};

static void begin_series(struct series *sr, const struct target_state *st,
			 const struct snap_cell *cell, const struct label_texts *texts)
{
	const struct target_extra *x = st->target->extra;

	sr->state = st;
	sr->cell = cell;
	target_labels(sr->labels, st);
	sr->nlabels = TARGET_LABELS;
	for (size_t i = 0; x && i < x->nlabels; i++)
		sr->labels[sr->nlabels++] =
			(struct label){ x->labels[i].name, texts ? texts->v[i] : LABEL_OTHERS };
}

/* Calls write() for each series of each target that is wanted. */
static void for_each_series(const struct metrics_input *in, struct expo *e,
			    void (*write)(const struct metrics_input *in, struct series *sr,
					  struct expo *e))
{
	const struct target_state *st;

	for_each_counted(in, st)
	{
		const struct snap_target *t = st->snap;
		struct series sr;

		begin_series(&sr, st, &t->cell, NULL);
		write(in, &sr, e);
		for (size_t i = 0; i < t->nsets; i++) {
			begin_series(&sr, st, &t->sets[i].cell, t->sets[i].texts);
			write(in, &sr, e);
		}
	}
}

static void write_duration(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	struct histogram_value v = {
		.grid = in->grid,
		.cells = sr->cell->words + RP_CELL_BINS,
		.sum = (double)sr->cell->words[RP_CELL_SUM] / 1e9,
	};

	expo__histogram(e, &(struct label_set){ sr->labels, sr->nlabels }, &v, sr->state->created);
}

static void write_return(struct series *sr, struct outcome_text text, uint64_t n, struct expo *e)
{
	sr->labels[sr->nlabels] = (struct label){ "outcome", text.outcome };
	sr->labels[sr->nlabels + 1] = (struct label){ "value", text.value };
	expo__count(e, &(struct label_set){ sr->labels, sr->nlabels + 2 }, n, sr->state->created);
}

static void write_returns(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	const struct target *t = sr->state->target;
	const struct snap_cell *cell = sr->cell;
	char buf[32];

	for (int cls = 0; cls < RP_CLASS_MAX; cls++) {
		const struct class_row *row = &class_rows[t->kind][cls];
		uint64_t n = cell->words[RP_CELL_CLASS + cls];

		if (row->text.outcome && (row->from_start || n))
			write_return(sr, metrics__class_text(t, cls), n, e);
	}
	for (size_t i = 0; i < cell->ndetails; i++) {
		const struct snap_detail *d = &cell->details[i];

		if (d->count)
			write_return(sr, metrics__detail_text(t, d->value, buf, sizeof(buf)),
				     d->count, e);
	}
}

static void write_histogram(const struct metrics_input *in, struct series *sr, size_t i,
			    size_t nlabels, struct expo *e)
{
	const uint64_t *words = sr->cell->hists + i * in->hist_words;
	struct histogram_value v = {
		.grid = in->size_grid,
		.cells = words + RP_HIST_GRID,
		.sum = (double)words[RP_HIST_SUM],
	};

	expo__histogram(e, &(struct label_set){ sr->labels, nlabels }, &v, sr->state->created);
}

static void write_sizes(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	if (sr->state->target->kind == RP_KIND_SIZE && sr->state->target->extra)
		write_histogram(in, sr, 0, sr->nlabels, e);
}

static void write_observed(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	const struct target *t = sr->state->target;
	size_t first = t->kind == RP_KIND_SIZE;

	for (size_t i = 0; t->extra && i < t->extra->kernel.nobserved; i++) {
		sr->labels[sr->nlabels] = (struct label){ "name", t->extra->observed[i] };
		write_histogram(in, sr, first + i, sr->nlabels + 1, e);
	}
}

/* Of the words of an observed value's histogram, those that count what is not in it. */
static void write_unobserved(const struct metrics_input *in, struct series *sr, struct expo *e)
{
	static const struct {
		size_t word;
		const char *reason;
	} rows[] = { { RP_HIST_UNREADABLE, "unreadable" }, { RP_HIST_RANGE, "range" } };
	const struct target *t = sr->state->target;
	size_t first = t->kind == RP_KIND_SIZE, n = sr->nlabels;

	for (size_t i = 0; t->extra && i < t->extra->kernel.nobserved; i++) {
		const uint64_t *words = sr->cell->hists + (first + i) * in->hist_words;

		sr->labels[n] = (struct label){ "name", t->extra->observed[i] };
		for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
			sr->labels[n + 1] = (struct label){ "reason", rows[r].reason };
			expo__count(e, &(struct label_set){ sr->labels, n + 2 },
				    words[rows[r].word], sr->state->created);
		}
	}
}

size_t metrics__label_sets_limit(const struct target_state *st)
{
	size_t most = st->target->extra->kernel.max_series;
	size_t room = st->snap->taken + st->snap->free_sets;

	return most < room ? most : room;
}

static void write_label_sets(const struct metrics_input *in, struct expo *e, bool limit)
{
	const struct target_state *st;

	expo__family(e, limit ? &label_sets_limit_family : &label_sets_family);
	for_each_counted(in, st)
	{
		const struct target_extra *x = st->target->extra;
		struct label labels[TARGET_LABELS];

		if (!x || !x->nlabels)
			continue;
		target_labels(labels, st);
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
			    limit ? metrics__label_sets_limit(st) : st->snap->taken, 0);
	}
}

static void write_missed_series(struct expo *e, const char *object, const char *function,
				enum missed_reason reason, uint64_t n, double created)
{
	struct label labels[] = {
		{ "object", object },
		{ "function", function },
		{ "reason", missed_reason_names[reason] },
	};

	expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, n, created);
}

static void write_missed(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	expo__family(e, &missed_family);
	for_each_counted(in, st)
	{
		const struct missed_target *lt = st->losses;

		for (int r = 0; lt && r < MISSED_MAX; r++)
			if (lt->missed[r] || lt->reasons & 1U << r)
				write_missed_series(e, metrics__object(st), metrics__function(st),
						    r, lt->missed[r], st->created);
	}

	/* One series for all mechanisms: it carries none of their names. */
	if (!metrics__wants(in, "_all"))
		return;
	for (int r = 0; r < MISSED_MAX; r++) {
		uint64_t shared = 0;
		uint32_t reasons = 0;

		for (size_t i = 0; i < in->nshared; i++) {
			shared += in->shared[i].missed[r];
			reasons |= in->shared[i].reasons;
		}
		if (shared || reasons & 1U << r)
			write_missed_series(e, "_all", "_all", r, shared, 0);
	}
}

static void write_probe_info(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	expo__family(e, &probe_info_family);
	for_each_counted(in, st)
	{
		struct label labels[TARGET_LABELS + 3];
		__cleanup_free char *first = NULL;
		size_t n = TARGET_LABELS + 2;

		target_labels(labels, st);
		labels[2] = (struct label){ "mechanism", st->mechanism ? st->mechanism : "" };
		labels[3] = (struct label){ "returns", kind_names[st->target->kind] };
		if (st->again) {
			first = xasprintf("%s:%s", st->target->object, st->target->function);
			labels[n++] = (struct label){ "same_as", first };
		}
		expo__count(e, &(struct label_set){ labels, n }, 1, 0);
	}
}

static void write_probe_attached(const struct metrics_input *in, struct expo *e)
{
	expo__family(e, &probe_attached_family);
	for (size_t i = 0; i < in->ntargets; i++) {
		const struct target_state *st = &in->targets[i];
		struct label labels[TARGET_LABELS + 1];

		if (!metrics__wants(in, metrics__function(st)))
			continue;
		target_labels(labels, st);
		labels[2] = (struct label){
			"reason", st->attached ? "" : target_reason_names[st->target->reason]
		};
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, st->attached, 0);
	}
}

/* Reasons that probes are detached for while the exporter runs; the valve's from the start. */
static void write_probe_detached(const struct metrics_input *in, struct expo *e)
{
	expo__family(e, &probe_detached_family);
	for (size_t i = 0; i < in->ntargets; i++) {
		const struct target_state *st = &in->targets[i];

		if (!metrics__wants(in, metrics__function(st)))
			continue;
		for (int r = 0; r < REASON_MAX; r++) {
			struct label labels[TARGET_LABELS + 1];

			if (!st->detached[r] && !(r == REASON_OVERLOAD && st->has_valve))
				continue;
			target_labels(labels, st);
			labels[2] = (struct label){ "reason", target_reason_names[r] };
			expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
				    st->detached[r], 0);
		}
	}
}

void metrics__write(const struct metrics_input *in, struct expo *e)
{
	expo__family(e, &duration_family);
	for_each_series(in, e, write_duration);
	expo__family(e, &returns_family);
	for_each_series(in, e, write_returns);
	expo__family(e, &sizes_family);
	for_each_series(in, e, write_sizes);
	expo__family(e, &observed_family);
	for_each_series(in, e, write_observed);
	expo__family(e, &unobserved_family);
	for_each_series(in, e, write_unobserved);
	write_label_sets(in, e, false);
	write_label_sets(in, e, true);
	write_missed(in, e);
	write_probe_info(in, e);
	write_probe_attached(in, e);
	write_probe_detached(in, e);
	metrics_self__write(in, e);
}
