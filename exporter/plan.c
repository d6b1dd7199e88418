/* SPDX-License-Identifier: GPL-2.0-only */
#include "plan.h"

#include "buf.h"
#include "expo.h"
#include "hazards.h"
#include "metrics.h"

static size_t count_names(const struct targets *targets)
{
	struct target *t;
	size_t n = 0;

	for_each_target (targets, t)
		n += target__nnames(t);
	return n;
}

/* A state of a target, again for each further name. */
static size_t add_names(struct target_state *states, size_t n, struct target_state st)
{
	for (size_t i = 0; i < target__nnames(st.target); i++) {
		st.object = target__name(st.target, i).object;
		st.function = target__name(st.target, i).function;
		st.again = i;
		states[n++] = st;
	}
	return n;
}

/*
 * The series that a start would export, counted in an exposition of nothing: whatever metrics.c
 * makes of a target is in there.
 */
static size_t count_series(const struct targets *targets, const struct attach *a,
			   const struct bpfobj_params *p)
{
	__cleanup_free struct target_state *states = xcalloc(count_names(targets), sizeof(*states));
	__cleanup_free struct snap_target *snaps = xcalloc(targets->nids, sizeof(*snaps));
	__cleanup_free struct losses_target *losses = xcalloc(targets->nids, sizeof(*losses));
	__cleanup_free uint64_t *words =
		xcalloc(RP_CELL_GRID + p->grid->ncells +
				(RP_OBSERVED + 1) * (RP_HIST_GRID + p->size_grid->ncells),
			sizeof(*words));
	struct metrics_input in = {
		.grid = p->grid,
		.size_grid = p->size_grid,
		.targets = states,
		.hist_words = RP_HIST_GRID + p->size_grid->ncells,
	};
	__cleanup_buf struct buf text = {};
	struct expo e;
	size_t n, series = 0;
	const struct attach_slot *slots = attach__slots(a, &n);
	struct target *t;

	for_each_target (targets, t) {
		struct target_state st = { .target = t };

		st.has_valve = t->settings && t->settings->max_rate;
		if (t->id < n && slots[t->id].ops) {
			st.attached = true;
			st.mechanism = slots[t->id].ops->name;
			snaps[t->id].cell.words = words;
			snaps[t->id].cell.hists = words + RP_CELL_GRID + p->grid->ncells;
			losses[t->id].reasons = slots[t->id].ops->missed;
			st.snap = &snaps[t->id];
			st.losses = &losses[t->id];
		}
		in.ntargets = add_names(states, in.ntargets, st);
	}
	expo__begin(&e, &expo_text, &text);
	metrics__write(&in, &e);
	expo__end(&e);
	for (const char *line = buf__str(&text); line && *line; line += strcspn(line, "\n") + 1)
		series += *line != '#';
	return series;
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void print_memory(FILE *out, const struct bpfobj_params *p, const struct bpfobj_plan *m,
			 uint64_t limit)
{
	fprintf(out,
		"memory: %.2f MiB of %.0f MiB allowed: %u targets x %u CPUs x %u bytes a cell = "
		"%.2f MiB; tallies %.2f, details %.2f, frames %.2f, %u label sets (of %u asked "
		"for) and histograms %.2f MiB\n",
		mib(m->total), mib(limit), p->ntargets, m->ncpus, m->cell_size, mib(m->cells),
		mib(m->tallies), mib(m->details), mib(m->frames), m->nsets, m->sets_wanted,
		mib(m->sets));
	if (m->per_thread)
		fprintf(out,
			"    and up to %u bytes for each thread that makes a probed system call or "
			"calls a probed user function, which are not in the limit\n",
			m->per_thread);
}

static void print_extra(FILE *out, const struct target_extra *x)
{
	const struct rp_extra *k = &x->kernel;

	if (x->nlabels) {
		fprintf(out, "    labels:");
		for (size_t i = 0; i < x->nlabels; i++)
			fprintf(out, "%s %s", i ? "," : "", x->labels[i].name);
		fprintf(out, "; at most %u label sets", k->max_series);
		if (x->series_ttl)
			fprintf(out, ", idle ones folded after %g s", x->series_ttl);
		fprintf(out, "\n");
	}
	for (uint32_t i = 0; i < k->nobserved; i++) {
		__cleanup_free char *observed = escaped(x->observed[i]);

		fprintf(out, "    observed: %s\n", observed);
	}
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

/* Symbols and paths may have anything in them. */
static void print_name(FILE *out, const struct target *t, size_t i, const struct attach_ops *ops)
{
	struct target_name name = target__name(t, i);
	__cleanup_free char *object = escaped(name.object), *function = escaped(name.function);
	__cleanup_free char *signature = escaped(t->signature ? t->signature : "-");
	__cleanup_free char *why = escaped(t->why ? t->why : "");
	__cleanup_free char *first = escaped(t->function), *where = escaped(t->object);

	if (!ops)
		fprintf(out, "%-12s %-28s cannot be had (%s): %s\n", object, function,
			target_reason_names[t->reason], why);
	else if (i)
		fprintf(out, "%-12s %-28s same function as %s:%s\n", object, function, where,
			first);
	else
		fprintf(out, "%-12s %-28s %-11s %-9s %s\n", object, function, ops->name,
			kind_names[t->kind], signature);
}

static void print_target(FILE *out, const struct target *t, const struct attach_ops *ops)
{
	print_name(out, t, 0, ops);
	if (ops == &attach_uprobe_ret)
		print_exits(out, t);
	if (ops && t->extra)
		print_extra(out, t->extra);
	for (size_t i = 1; i < target__nnames(t); i++)
		print_name(out, t, i, ops);
}

void plan__print(FILE *out, const struct targets *targets, const struct attach *a,
		 const struct bpfobj_params *p, const struct bpfobj_plan *m, uint64_t limit)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(a, &n);
	struct target *t;

	fprintf(out, "%-12s %-28s %-11s %-9s %s\n", "object", "function", "mechanism", "returns",
		"signature");
	for_each_target (targets, t)
		print_target(out, t, t->id < n ? slots[t->id].ops : NULL);
	print_memory(out, p, m, limit);
	fprintf(out,
		"series: %zu from the start; one more for each errno or other value that is "
		"returned\n",
		count_series(targets, a, p));
}

char *plan__over_limit(const struct bpfobj_params *p, const struct bpfobj_plan *m, uint64_t others,
		       uint64_t limit)
{
	if (m->total + others <= limit)
		return NULL;
	if (others)
		return xasprintf(
			"%u more targets need %.1f MiB, and with the %.1f MiB of those that "
			"are attached that is more than --memory.limit allows (%.1f MiB)",
			p->ntargets, mib(m->total), mib(others), mib(limit));
	return xasprintf(
		"%u targets on %u CPUs need %.1f MiB, more than --memory.limit allows "
		"(%.1f MiB): probe fewer functions, use fewer histogram buckets or a lower "
		"native_resolution, or raise the limit",
		p->ntargets, m->ncpus, mib(m->total), mib(limit));
}
