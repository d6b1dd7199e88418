/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is exported, under which names. Nothing is computed here but sums that law 1 asks for, and
 * nothing is allocated per target: a scrape of thousands of functions only appends to one buffer.
 *
 * Families come in one order, targets within a family in theirs, so that two scrapes of one state
 * are the same bytes.
 */
#include "metrics.h"
#include "self.h"

const char *const missed_reason_names[MISSED_MAX] = {
	[MISSED_RECURSION] = "recursion",
	[MISSED_MAXACTIVE] = "maxactive",
	[MISSED_NO_ENTRY] = "no_entry",
	[MISSED_DEPTH] = "depth",
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
	},
	[RP_KIND_UNSIGNED] = {
		[RP_CLASS_ZERO] = { { "ok", "0" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "positive" }, true },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
	},
	[RP_KIND_POINTER] = {
		[RP_CLASS_ZERO] = { { "null", "NULL" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "pointer" }, true },
		[RP_CLASS_OTHER] = { { "error", "_other" }, false },
	},
	[RP_KIND_BOOL] = {
		[RP_CLASS_ZERO] = { { "ok", "false" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "true" }, true },
	},
	[RP_KIND_ENUM] = {
		[RP_CLASS_OTHER] = { { "ok", "_other" }, false },
	},
	[RP_KIND_VOID] = {
		[RP_CLASS_ZERO] = { { "ok", "void" }, true },
	},
	[RP_KIND_RAW] = {
		[RP_CLASS_ZERO] = { { "ok", "zero" }, true },
		[RP_CLASS_POSITIVE] = { { "ok", "positive" }, true },
		[RP_CLASS_NEGATIVE] = { { "ok", "negative" }, true },
	},
};

struct outcome_text metrics__class_text(enum rp_kind kind, enum rp_class cls)
{
	return class_rows[kind][cls].text;
}

struct outcome_text metrics__detail_text(const struct target *t, int64_t value, char *buf,
					 size_t size)
{
	if (t->kind == RP_KIND_ENUM) {
		const char *name = target__enumerator(t, value);

		if (!name)
			snprintf(buf, size, "%lld", (long long)value);
		return (struct outcome_text){ "ok", name ? name : buf };
	}
	return (struct outcome_text){ "error", errno_name(value, buf, size) };
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

static bool wanted(const struct metrics_input *in, const char *function)
{
	if (!in->functions)
		return true;
	for (size_t i = 0; i < in->nfunctions; i++)
		if (!strcmp(in->functions[i], function))
			return true;
	return false;
}

static const char *object_of(const struct target *t)
{
	if (t->object)
		return t->object;
	return t->type == TARGET_SYSCALL ? "syscall" : "vmlinux";
}

/* Every series of a target begins with these; families add theirs behind. */
#define TARGET_LABELS 2
static void target_labels(struct label *labels, const struct target *t)
{
	labels[0] = (struct label){ "object", object_of(t) };
	labels[1] = (struct label){ "function", t->function };
}

/* The next attached target that the filter lets through, from *i on; NULL at the end. */
static const struct target_state *next_attached(const struct metrics_input *in, size_t *i)
{
	while (*i < in->ntargets) {
		const struct target_state *st = &in->targets[(*i)++];

		if (st->attached && st->target->id < in->snapshot->n &&
		    wanted(in, st->target->function))
			return st;
	}
	return NULL;
}

#define for_each_attached(in, st) for (size_t __i = 0; ((st) = next_attached(in, &__i)) != NULL;)

static void write_durations(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	expo__family(e, &duration_family);
	for_each_attached(in, st)
	{
		const struct snap_target *snap = &in->snapshot->targets[st->target->id];
		struct histogram_value v = {
			.grid = in->grid,
			.cells = snap->cells,
			.sum = (double)snap->sum_ns / 1e9,
		};
		struct label labels[TARGET_LABELS];

		target_labels(labels, st->target);
		expo__histogram(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, &v,
				st->created);
	}
}

static void write_target_returns(const struct target_state *st, const struct snap_target *snap,
				 struct expo *e)
{
	struct label labels[TARGET_LABELS + 2];
	struct label *outcome = &labels[TARGET_LABELS], *value = outcome + 1;
	const struct label_set ls = { labels, ARRAY_SIZE(labels) };
	const struct target *t = st->target;
	char buf[32];

	target_labels(labels, t);
	for (int cls = 0; cls < RP_CLASS_MAX; cls++) {
		const struct class_row *row = &class_rows[t->kind][cls];

		if (!row->text.outcome || (!row->from_start && !snap->cls[cls]))
			continue;
		*outcome = (struct label){ "outcome", row->text.outcome };
		*value = (struct label){ "value", row->text.value };
		expo__count(e, &ls, snap->cls[cls], st->created);
	}
	for (size_t i = 0; i < snap->ndetails; i++) {
		const struct snap_detail *d = &snap->details[i];
		struct outcome_text text = metrics__detail_text(t, d->value, buf, sizeof(buf));

		*outcome = (struct label){ "outcome", text.outcome };
		*value = (struct label){ "value", text.value };
		expo__count(e, &ls, d->count, st->created);
	}
}

static void write_returns(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	expo__family(e, &returns_family);
	for_each_attached(in, st)
		write_target_returns(st, &in->snapshot->targets[st->target->id], e);
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
	const struct losses_view *losses = in->losses;
	const struct target_state *st;

	if (!losses)
		return;
	expo__family(e, &missed_family);
	for_each_attached(in, st)
	{
		const struct target *t = st->target;
		const struct losses_target *lt;

		if (t->id >= losses->n)
			continue;
		lt = &losses->targets[t->id];
		for (int r = 0; r < MISSED_MAX; r++)
			if (lt->missed[r] || lt->reasons & 1U << r)
				write_missed_series(e, object_of(t), t->function, r, lt->missed[r],
						    st->created);
	}

	/* One series for all mechanisms: it carries none of their names. */
	if (!losses->nshared || !wanted(in, "_all"))
		return;
	for (int r = 0; r < MISSED_MAX; r++) {
		uint64_t shared = 0;

		for (size_t i = 0; i < losses->nshared; i++)
			shared += losses->shared[i].missed[r];
		if (shared || r == MISSED_RECURSION)
			write_missed_series(e, "_all", "_all", r, shared, 0);
	}
}

static void write_probe_info(const struct metrics_input *in, struct expo *e)
{
	const struct target_state *st;

	expo__family(e, &probe_info_family);
	for_each_attached(in, st)
	{
		struct label labels[TARGET_LABELS + 2];

		target_labels(labels, st->target);
		labels[2] = (struct label){ "mechanism", st->mechanism ? st->mechanism : "" };
		labels[3] = (struct label){ "returns", kind_names[st->target->kind] };
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, 1, 0);
	}
}

static void write_probe_attached(const struct metrics_input *in, struct expo *e)
{
	expo__family(e, &probe_attached_family);
	for (size_t i = 0; i < in->ntargets; i++) {
		const struct target_state *st = &in->targets[i];
		struct label labels[TARGET_LABELS + 1];

		if (!wanted(in, st->target->function))
			continue;
		target_labels(labels, st->target);
		labels[2] = (struct label){
			"reason", st->attached ? "" : target_reason_names[st->target->reason]
		};
		expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, st->attached, 0);
	}
}

/* ---- the exporter itself --------------------------------------------------------------------- */

static void write_build_info(const struct self *self, struct expo *e)
{
	static const struct metric_family family = {
		.name = "retprobe_exporter_build_info",
		.help = "Version of the exporter and of the libbpf that it runs with. Always 1.",
		.unit = "",
		.type = METRIC_GAUGE,
	};
	struct label labels[] = {
		{ "version", self->version },
		{ "revision", self->revision },
		{ "libbpf", self->libbpf },
	};

	expo__family(e, &family);
	expo__count(e, &(struct label_set){ labels, ARRAY_SIZE(labels) }, 1, 0);
}

static void write_bpf_stats(const struct metrics_input *in, struct expo *e)
{
	static const struct metric_family seconds = {
		.name = "retprobe_exporter_bpf_run_seconds",
		.help = "Time that the kernel spent in the programs of a mechanism "
			"(kernel.bpf_stats_enabled).",
		.unit = "seconds",
		.type = METRIC_COUNTER,
	};
	static const struct metric_family runs = {
		.name = "retprobe_exporter_bpf_runs",
		.help = "Runs of the programs of a mechanism (kernel.bpf_stats_enabled).",
		.unit = "",
		.type = METRIC_COUNTER,
	};

	expo__family(e, &seconds);
	for (size_t i = 0; i < in->nbpf_stats; i++) {
		struct label l = { "mechanism", in->bpf_stats[i].mechanism };

		expo__value(e, &(struct label_set){ &l, 1 }, in->bpf_stats[i].run_seconds);
	}
	expo__family(e, &runs);
	for (size_t i = 0; i < in->nbpf_stats; i++) {
		struct label l = { "mechanism", in->bpf_stats[i].mechanism };

		expo__count(e, &(struct label_set){ &l, 1 }, in->bpf_stats[i].runs, 0);
	}
}

static void write_requests(const struct self *self, struct expo *e)
{
	static const struct metric_family family = {
		.name = "retprobe_exporter_http_requests",
		.help = "HTTP requests answered, by status code.",
		.unit = "",
		.type = METRIC_COUNTER,
	};

	expo__family(e, &family);
	for (size_t i = 0; i < self->nrequests; i++) {
		char code[16];
		struct label l = { "code", code };

		snprintf(code, sizeof(code), "%d", self->requests[i].code);
		expo__count(e, &(struct label_set){ &l, 1 }, self->requests[i].count, 0);
	}
}

/* Single numbers of struct self: a double, or a uint64_t if is_int; left out while `has` is false.
 */
#define NO_CONDITION SIZE_MAX
static const struct self_row {
	struct metric_family family;
	bool is_int;
	size_t value, has; /* offsets */
} self_rows[] = {
	{ { "retprobe_exporter_scrape_duration_seconds",
	    "How long the last finished scrape took to make.", "seconds", METRIC_GAUGE },
	  false,
	  offsetof(struct self, last_scrape_seconds),
	  offsetof(struct self, has_scrape) },
	{ { "retprobe_exporter_config_last_reload_success_timestamp_seconds",
	    "When the configuration was last read successfully.", "seconds", METRIC_GAUGE },
	  false,
	  offsetof(struct self, reload_time),
	  NO_CONDITION },
	{ { "process_cpu_seconds", "User and system CPU time that the process used.", "seconds",
	    METRIC_COUNTER },
	  false,
	  offsetof(struct self, cpu_seconds),
	  offsetof(struct self, has_process) },
	{ { "process_resident_memory_bytes",
	    "Resident memory of the process, mapped cells included.", "bytes", METRIC_GAUGE },
	  true,
	  offsetof(struct self, resident_bytes),
	  offsetof(struct self, has_process) },
	{ { "process_virtual_memory_bytes", "Virtual memory of the process.", "bytes",
	    METRIC_GAUGE },
	  true,
	  offsetof(struct self, virtual_bytes),
	  offsetof(struct self, has_process) },
	{ { "process_open_fds", "Open file descriptors.", "", METRIC_GAUGE },
	  true,
	  offsetof(struct self, open_fds),
	  offsetof(struct self, has_process) },
	{ { "process_max_fds", "Most file descriptors that the process may open.", "",
	    METRIC_GAUGE },
	  true,
	  offsetof(struct self, max_fds),
	  offsetof(struct self, has_process) },
	{ { "process_threads", "Threads of the process.", "", METRIC_GAUGE },
	  true,
	  offsetof(struct self, threads),
	  offsetof(struct self, has_process) },
	{ { "process_start_time_seconds", "When the process started, since the Unix epoch.",
	    "seconds", METRIC_GAUGE },
	  false,
	  offsetof(struct self, start_time),
	  offsetof(struct self, has_process) },
};

static void write_self_rows(const struct self *self, struct expo *e)
{
	const char *base = (const char *)self;

	for (size_t i = 0; i < ARRAY_SIZE(self_rows); i++) {
		const struct self_row *row = &self_rows[i];

		if (row->has != NO_CONDITION && !*(const bool *)(base + row->has))
			continue;
		expo__family(e, &row->family);
		if (row->is_int)
			expo__count(e, NULL, *(const uint64_t *)(base + row->value), 0);
		else
			expo__value(e, NULL, *(const double *)(base + row->value));
	}
}

static void write_exporter(const struct metrics_input *in, struct expo *e)
{
	static const struct metric_family cell_bytes = {
		.name = "retprobe_exporter_cell_bytes",
		.help = "Memory of the cells that the kernel counts in, all CPUs together.",
		.unit = "bytes",
		.type = METRIC_GAUGE,
	};
	static const struct metric_family reload_ok = {
		.name = "retprobe_exporter_config_last_reload_successful",
		.help = "Whether the last attempt to read the configuration succeeded.",
		.unit = "",
		.type = METRIC_GAUGE,
	};

	if (in->self)
		write_build_info(in->self, e);
	write_bpf_stats(in, e);
	expo__family(e, &cell_bytes);
	expo__count(e, NULL, in->cell_bytes, 0);
	if (!in->self)
		return;
	write_requests(in->self, e);
	expo__family(e, &reload_ok);
	expo__count(e, NULL, in->self->reload_ok, 0);
	write_self_rows(in->self, e);
}

void metrics__write(const struct metrics_input *in, struct expo *e)
{
	write_durations(in, e);
	write_returns(in, e);
	write_missed(in, e);
	write_probe_info(in, e);
	write_probe_attached(in, e);
	write_exporter(in, e);
}
