/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/probe_metrics.h"

#include "expose/target_labels.h"

static void write_probe_info(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for_each_counted(in, st)
	{
		struct label labels[TARGET_LABELS + 6];
		const struct probe_notes *notes = &st->notes;
		__cleanup_free char *first = NULL;
		size_t n = TARGET_LABELS + 2;

		target_labels__set(labels, st);
		labels[TARGET_LABELS] =
			(struct label){ "mechanism", st->mechanism ? st->mechanism : "" };
		labels[TARGET_LABELS + 1] =
			(struct label){ "returns", kind_names[st->target->kind] };
		if (st->again) {
			first = xasprintf("%s:%s", st->target->object, st->target->function);
			labels[n++] = (struct label){ "same_as", first };
		}
		if (notes->description)
			labels[n++] = (struct label){ "description", notes->description };
		if (notes->expected)
			labels[n++] = (struct label){ "expected", notes->expected };
		if (notes->waits != WAITS_NOT_SAID)
			labels[n++] =
				(struct label){ "waits",
						notes->waits == WAITS_YES ? "true" : "false" };
		expo__count(e, &(struct label_set){ labels, n }, 1, 0);
	}
}

/* `unless on (object, function, value)` leaves these results out. A list in one label could not. */
static void write_probe_expected(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	for_each_counted(in, st)
	{
		__cleanup_free char *list = st->notes.expected ? xstrdup(st->notes.expected) : NULL;
		char *rest = list, *value;

		while ((value = strsep(&rest, ","))) {
			struct label labels[TARGET_LABELS + 1];

			target_labels__set(labels, st);
			labels[TARGET_LABELS] = (struct label){ "value", value };
			expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, 1, 0);
		}
	}
}

static void write_probe_attached(const struct metrics_input *in, struct expo *e)
{
	for (size_t i = 0; i < in->ntargets; i++) {
		const struct target_state *st = &in->targets[i];
		struct label labels[TARGET_LABELS + 1];

		if (!metrics_input__wants(in, st->function))
			continue;
		target_labels__set(labels, st);
		labels[TARGET_LABELS] = (struct label){
			"reason", st->attached ? "" : target_reason_names[st->target->reason]
		};
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, st->attached, 0);
	}
}

static void write_probe_files(const struct metrics_input *in, struct expo *e)
{
	for (size_t i = 0; i < in->ntargets; i++) {
		const struct target_state *st = &in->targets[i];
		struct label labels[TARGET_LABELS + 1];

		if (!st->target->selected || !metrics_input__wants(in, st->function))
			continue;
		target_labels__set(labels, st);
		labels[TARGET_LABELS] = (struct label){ "state", "attached" };
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
			    st->attached ? st->nfiles : 0, 0);
		labels[TARGET_LABELS].value = "left_out";
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, st->left_out, 0);
	}
}

/* The reason overload is exported from the start if the target has a limit. */
static void write_probe_detached(const struct metrics_input *in, struct expo *e)
{
	for (size_t i = 0; i < in->ntargets; i++) {
		const struct target_state *st = &in->targets[i];
		bool limited = st->has_max_rate || st->has_max_cpu;

		if (!metrics_input__wants(in, st->function))
			continue;
		for (int r = 0; r < REASON_MAX; r++) {
			struct label labels[TARGET_LABELS + 1];

			if (!st->detached[r] && !(r == REASON_OVERLOAD && limited))
				continue;
			target_labels__set(labels, st);
			labels[TARGET_LABELS] = (struct label){ "reason", target_reason_names[r] };
			expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) },
				    st->detached[r], 0);
		}
	}
}

/* In the order of the exposition. */
static const struct {
	struct metric_family family;
	void (*write)(const struct metrics_input *in, struct expo *e);
} families[] = {
	{ { "retprobe_probe_info",
	    "Attached probes: the mechanism in use, how return values are read, and what the "
	    "configuration says of the probe. Always 1.",
	    "", METRIC_GAUGE },
	  write_probe_info },
	{ { "retprobe_probe_expected",
	    "Values of outcome=\"error\" that the configuration expects of the probe. Always 1.",
	    "", METRIC_GAUGE },
	  write_probe_expected },
	{ { "retprobe_probe_attached", "Whether the probe is attached (1) or not (0), and why not.",
	    "", METRIC_GAUGE },
	  write_probe_attached },
	{ { "retprobe_probe_files",
	    "Files of a probe by library, comm, container, pod_uid or pid. left_out: their calls "
	    "are "
	    "not counted.",
	    "", METRIC_GAUGE },
	  write_probe_files },
	{ { "retprobe_probe_detached",
	    "Automatic detachments of the probe, by reason. overload: its max_rate or max_cpu, or "
	    "a limit for several probes, was exceeded. relinked: it was re-attached, because it "
	    "shared "
	    "a link with such a probe. waiting: its module was unloaded.",
	    "", METRIC_COUNTER },
	  write_probe_detached },
};

void metrics_probe__write(const struct metrics_input *in, struct expo *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		expo__family(e, &families[i].family);
		families[i].write(in, e);
	}
}
