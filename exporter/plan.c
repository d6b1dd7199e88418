/* SPDX-License-Identifier: GPL-2.0-only */
#include "plan.h"

#include "buf.h"
#include "expo.h"
#include "metrics.h"

/*
 * The series that a start would export, counted in an exposition of nothing: whatever metrics.c
 * makes of a target is in there.
 */
static size_t count_series(const struct targets *targets, const struct attach *a,
			   const struct grid *grid)
{
	__cleanup_free struct target_state *states = xcalloc(targets->n, sizeof(*states));
	__cleanup_free struct snap_target *snaps = xcalloc(targets->nids, sizeof(*snaps));
	__cleanup_free struct losses_target *losses = xcalloc(targets->nids, sizeof(*losses));
	__cleanup_free uint64_t *cells = xcalloc(grid->ncells, sizeof(*cells));
	struct snapshot snapshot = { snaps, targets->nids };
	struct losses_view view = { .targets = losses, .n = targets->nids };
	struct metrics_input in = {
		.grid = grid,
		.targets = states,
		.ntargets = targets->n,
		.snapshot = &snapshot,
		.losses = &view,
	};
	__cleanup_buf struct buf text = {};
	struct expo e;
	size_t n, series = 0;
	const struct attach_slot *slots = attach__slots(a, &n);
	struct target *t;

	for_each_target (targets, t) {
		states[__i].target = t;
		if (t->id >= n || !slots[t->id].ops)
			continue;
		states[__i].attached = true;
		states[__i].mechanism = slots[t->id].ops->name;
		snaps[t->id].cells = cells;
		losses[t->id].reasons = slots[t->id].ops->missed;
	}
	expo__begin(&e, &expo_text, &text);
	metrics__write(&in, &e);
	expo__end(&e);
	for (const char *p = buf__str(&text); p && *p; p += strcspn(p, "\n") + 1)
		series += *p != '#';
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
		"%.2f MiB; tallies %.2f, details %.2f, frames %.2f MiB\n",
		mib(m->total), mib(limit), p->ntargets, m->ncpus, m->cell_size, mib(m->cells),
		mib(m->tallies), mib(m->details), mib(m->frames));
}

void plan__print(FILE *out, const struct targets *targets, const struct attach *a,
		 const struct bpfobj_params *p, const struct bpfobj_plan *m, uint64_t limit)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(a, &n);
	struct target *t;

	fprintf(out, "%-12s %-28s %-11s %-9s %s\n", "object", "function", "mechanism", "returns",
		"signature");
	for_each_target (targets, t) {
		const struct attach_ops *ops = t->id < n ? slots[t->id].ops : NULL;

		if (ops)
			fprintf(out, "%-12s %-28s %-11s %-9s %s\n", t->object, t->function,
				ops->name, kind_names[t->kind], t->signature ? t->signature : "-");
		else
			fprintf(out, "%-12s %-28s cannot be had (%s): %s\n", t->object, t->function,
				target_reason_names[t->reason], t->why ? t->why : "");
	}
	print_memory(out, p, m, limit);
	fprintf(out,
		"series: %zu from the start; one more for each errno or other value that is "
		"returned\n",
		count_series(targets, a, p->grid));
}

char *plan__over_limit(const struct bpfobj_params *p, const struct bpfobj_plan *m, uint64_t limit)
{
	if (m->total <= limit)
		return NULL;
	return xasprintf(
		"%u targets on %u CPUs need %.1f MiB, more than --memory.limit allows "
		"(%.1f MiB): probe fewer functions, use fewer histogram buckets or a lower "
		"native_resolution, or raise the limit",
		p->ntargets, m->ncpus, mib(m->total), mib(limit));
}
