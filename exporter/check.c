/* SPDX-License-Identifier: GPL-2.0-only */
#include "check.h"

#include <math.h>

#include "attach/choice.h"
#include "base/buf.h"
#include "check_series.h"
#include "elf/hazards.h"
#include "kernel/perf_counters.h"

/* Larger plans are logged as a warning. */
#define MANY_USER   100 /* probes of programs: each call traps */
#define MANY_SERIES 10000

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

/* Counters of CPUs that have none of their own. */
static void print_pool(FILE *out, const struct memory_plan *m)
{
	if (m->shared_banks && m->own_banks == 0)
		fprintf(out, "a pool for %u CPUs, as calls need it", m->ncpus);
	else if (m->shared_banks)
		fprintf(out, "shared by %u CPUs that are offline now", m->ncpus - m->own_banks);
	if (m->shared_banks)
		fprintf(out, " %.2f, ", mib(m->pool));
}

static void print_memory(FILE *out, const struct generation *g)
{
	const struct memory_plan *m = &g->memory;

	fprintf(out,
		"memory: %.2f MiB of %.0f MiB allowed: %u targets x %u CPUs x %u bytes per cell = "
		"%.2f MiB; ",
		mib(m->total), mib(g->config->memory_limit), g->params.ntargets, m->own_banks,
		m->cell_size, mib(m->cells));
	print_pool(out, m);
	fprintf(out,
		"event counters %.2f, returned values %.2f, in-flight calls %.2f, %u label sets "
		"(of %u requested) and histograms %.2f MiB\n",
		mib(m->events), mib(m->values), mib(m->frames), m->nsets, m->sets_wanted,
		mib(m->sets));
	if (m->per_thread)
		fprintf(out,
			"    outside of the limit: up to %u bytes per thread that makes a probed "
			"system call or calls a probed user function\n",
			m->per_thread);
}

static void print_capture(FILE *out, const struct capture_spec *x)
{
	const struct rp_capture_spec *k = &x->kernel;

	if (x->nlabels) {
		fprintf(out, "    labels:");
		for (size_t i = 0; i < x->nlabels; i++)
			fprintf(out, "%s %s", i ? "," : "", x->labels[i].name);
		fprintf(out, "; up to %u label sets", k->max_series);
		if (x->keep == KEEP_TOP)
			fprintf(out, ", those with the most %s stay",
				x->by == BY_TIME     ? "time"
				: x->by == BY_ERRORS ? "errors"
						     : "calls");
		if (x->series_ttl)
			fprintf(out, ", idle sets are folded after %g s", x->series_ttl);
		fprintf(out, "\n");
	}
	for (uint32_t i = 0; i < k->nobserved; i++) {
		__cleanup_free char *observed = escaped(x->observed[i]);

		fprintf(out, "    observed: %s\n", observed);
	}
	for (uint32_t i = 0; i < k->nmeasured; i++)
		fprintf(out, "    measured: %s\n",
			k->measured[i] == RP_OFF_CPU ? "time off the CPU"
			: k->measured[i] == RP_USAGE
				? "page faults and context switches"
				: perf_counter_names[k->measured[i] - RP_PERF_COUNTER]);
}

static void print_exits(FILE *out, const struct target *t)
{
	__cleanup_free char *words = hazards__in_words(t->hazards);

	fprintf(out, "    no return probe%s%s; exits: %zu", *words ? ": " : "", words, t->exits.n);
	if (t->exits.tails)
		fprintf(out,
			", of which %zu may be tail calls, whose result is not known "
			"(value=\"tail_call\")",
			t->exits.tails);
	fprintf(out, "\n");
}

static void print_file(FILE *out, const struct target *at, const char *why)
{
	__cleanup_free char *path = escaped(at->opened->found);

	fprintf(out, "        %s%s%s\n", path, why ? ": not counted: " : "", why ? why : "");
}

/* Of a selection. */
static void print_files(FILE *out, const struct target *t, const struct attach *a,
			const struct attach_slot *slot)
{
	fprintf(out, "    files: %zu", t->nmore + 1);
	if (t->left_out)
		fprintf(out, ", and %zu more that are not counted", t->left_out);
	fprintf(out, "\n");
	print_file(out, t, NULL);
	for (size_t i = 0; i < t->nmore; i++)
		print_file(out, t->more[i], choice__objection(a, slot, t->more[i]));
}

/* Symbols and paths may contain any bytes. */
static void print_name(FILE *out, const struct target *t, size_t i, const struct attach_ops *ops)
{
	struct target_name name = target__name(t, i);
	__cleanup_free char *full = name.probe ? xasprintf("%s[%s]", name.function, name.probe)
					       : xstrdup(name.function);
	__cleanup_free char *object = escaped(name.object), *function = escaped(full);
	__cleanup_free char *signature = escaped(t->signature ? t->signature : "-");
	__cleanup_free char *why = escaped(t->why ? t->why : "");
	__cleanup_free char *first = escaped(t->function), *where = escaped(t->object);

	if (!ops)
		fprintf(out, "%-12s %-28s cannot be attached (%s): %s\n", object, function,
			target_reason_names[t->reason], why);
	else if (i)
		fprintf(out, "%-12s %-28s same function as %s:%s\n", object, function, where,
			first);
	else
		fprintf(out, "%-12s %-28s %-11s %-9s %s\n", object, function, ops->name,
			kind_names[t->kind], signature);
}

/* Why the target has its mechanism, unless the reasons are those of the target before. */
static void print_why(FILE *out, const struct attach *a, const struct attach_slot *slot,
		      struct buf *last)
{
	struct buf why = {};

	choice__explain(a, slot, "        ", &why);
	if (strcmp(buf__str(&why), last->len ? buf__str(last) : ""))
		fprintf(out, "    why %s mechanism:\n%s", slot->ops ? "this" : "no",
			buf__str(&why));
	buf__free(last);
	*last = why;
}

/* What the configuration says of the probe. */
static void print_notes(FILE *out, const struct probe_notes *notes)
{
	if (notes->description)
		fprintf(out, "    description: %s\n", notes->description);
	if (notes->expected)
		fprintf(out, "    expected errors: %s\n", notes->expected);
	if (notes->waits != WAITS_NOT_SAID)
		fprintf(out, "    %s for work\n",
			notes->waits == WAITS_YES ? "waits" : "does not wait");
}

/* slot: NULL if discovery has refused the target. */
static void print_target(FILE *out, const struct target *t, const struct attach *a,
			 const struct attach_slot *slot, struct buf *last)
{
	__cleanup_free char *uncounted = escaped(t->uncounted ? t->uncounted : "");
	const struct attach_ops *ops = slot ? slot->ops : NULL;

	print_name(out, t, 0, ops);
	if (ops && t->settings)
		print_notes(out, &t->settings->notes);
	if (ops && t->note)
		fprintf(out, "    note: %s\n", t->note);
	if (ops == &attach_uprobe_ret)
		print_exits(out, t);
	if (ops && t->selected)
		print_files(out, t, a, slot);
	if (ops && t->capture)
		print_capture(out, t->capture);
	if (ops && t->uncounted)
		fprintf(out, "    %s\n", uncounted);
	for (size_t i = 1; i < target__nnames(t); i++)
		print_name(out, t, i, ops);
	if (slot)
		print_why(out, a, slot, last);
}

/* Milliseconds to attach a function, measured on emulated CPUs, the last two on an idle machine.
 * Hardware is faster. */
static const struct {
	const struct attach_ops *ops;
	double ms;
} durations[] = {
	{ &attach_fexit, 37 },	       { &attach_fsession, 37 },    { &attach_kretprobe, 65 },
	{ &attach_kprobe_session, 1 }, { &attach_kprobe_multi, 1 }, { &attach_fsession_multi, 1 },
	{ &attach_uprobe_ret, 7 },     { &attach_tracepoint, 0.4 },
};

static double attach_seconds(const struct attach_ops *ops)
{
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++)
		if (durations[i].ops == ops)
			return durations[i].ms / 1000;
	return 0.005; /* the other mechanisms for user functions */
}

/* The number of functions to attach, by mechanism, and how long it takes. */
struct totals {
	size_t functions, left;
	size_t user; /* of the functions */
	double seconds;
	struct buf by_mechanism;
};

static void add_mechanism(struct totals *sum, const char *name, size_t n)
{
	buf__printf(&sum->by_mechanism, "%s%zu by %s", sum->by_mechanism.len ? ", " : "", n, name);
}

static void add_up(struct totals *sum, const struct generation *g)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(g->attach, &n);

	for (size_t i = 0; i < n; i++) {
		size_t same = 0;
		bool first = slots[i].ops;

		for (size_t k = 0; k < i && first; k++)
			first = slots[k].ops != slots[i].ops;
		for (size_t k = i; k < n && first; k++)
			same += slots[k].ops == slots[i].ops;
		if (!first)
			continue;
		add_mechanism(sum, slots[i].ops->name, same);
		sum->functions += same;
		sum->user += target_type__is_in_file(slots[i].ops->type) ? same : 0;
		sum->seconds += (double)same * attach_seconds(slots[i].ops);
	}
	sum->left = g->targets->n - sum->functions;
}

static void print_totals(FILE *out, const struct generation *g)
{
	struct totals sum = {};

	add_up(&sum, g);
	fprintf(out, "functions: %zu to attach", sum.functions);
	if (sum.functions)
		fprintf(out, " (%s), in up to %.0f s", buf__str(&sum.by_mechanism),
			ceil(sum.seconds));
	fprintf(out, "; %zu cannot be attached\n", sum.left);
	buf__free(&sum.by_mechanism);
}

char *check__heavy(const struct generation *g)
{
	size_t series = check_series__count(g);
	struct totals sum = {};
	char *text = NULL;

	add_up(&sum, g);
	if (sum.user > MANY_USER || series > MANY_SERIES)
		text = xasprintf(
			"%zu functions (%s) are %zu series in each scrape, take %.0f of the %.0f "
			"MiB that --memory.limit allows, and up to %.0f s to attach%s: narrow the "
			"globs, or exclude what you do not need with '!'",
			sum.functions, buf__str(&sum.by_mechanism), series, mib(g->memory.total),
			mib(g->config->memory_limit), ceil(sum.seconds),
			sum.user > MANY_USER ? ", and a call of a user function takes microseconds "
					       "longer"
					     : "");
	buf__free(&sum.by_mechanism);
	return text;
}

void check__print(FILE *out, const struct generation *g)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(g->attach, &n);
	__cleanup_buf struct buf last = {};
	struct target *t;

	fprintf(out, "%-12s %-28s %-11s %-9s %s\n", "object", "function", "mechanism", "returns",
		"signature");
	for_each_target (g->targets, t)
		print_target(out, t, g->attach, t->id < n ? &slots[t->id] : NULL, &last);
	print_totals(out, g);
	print_memory(out, g);
	fprintf(out,
		"series: %zu at the start, plus one for each errno or other value that is "
		"returned\n",
		check_series__count(g));
}
