/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/plan.h"

#include "attach/answers.h"
#include "attach/choice.h"
#include "attach/by_function.h"
#include "attach/in_flight.h"
#include "attach/site.h"
#include "attach/state.h"
#include "base/log.h"
#include "elf/hazards.h"

#define SPAN_BYTES     128 /* of a kernel's hash element, with its key and its part of the table */
#define SELECTED_FILES 8   /* with as many jumps each, for which there is room at least */

/* The table of kernel functions by address. It is used only if all addresses are known. */
static void fill_sites(struct attach *a)
{
	bool hidden = false;

	a->sites = xcalloc(a->n + a->nformer + 1, sizeof(*a->sites));
	for (size_t i = 0; i < a->n; i++) {
		const struct target *t = a->slots[i].target;

		/* Those that are attached once more have programs of their own. */
		if (t->again || (t->type != TARGET_KERNEL && !by_function__is_one(&a->slots[i])))
			continue;
		hidden |= !t->addr;
		a->sites[a->nsites++] = (struct rp_addr){ t->addr, site__of(t).spec };
	}
	for (size_t i = 0; i < a->nformer; i++) {
		const struct target *t = a->former[i]->target;

		a->sites[a->nsites++] = (struct rp_addr){ t->addr, site__of(t).spec };
	}
	if (hidden)
		a->nsites = 0;
}

/* For the jumps of further files, which are likely to be about as many. */
static void leave_room(struct attach *a, size_t jumps)
{
	size_t n = SELECTED_FILES * (jumps + 1);

	a->exits = xreallocarray(a->exits, a->nexits + n + 1, sizeof(*a->exits));
	memset(a->exits + a->nexits, 0, n * sizeof(*a->exits));
	a->nexits += n;
}

static void number_exits(struct attach *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct attach_slot *slot = &a->slots[i];
		size_t n = site__jumps(slot->target, NULL);

		slot->first_exit = a->nexits;
		a->exits = xreallocarray(a->exits, a->nexits + n + 1, sizeof(*a->exits));
		a->nexits += site__jumps(slot->target, a->exits + a->nexits);
		if (slot->target->selected)
			leave_room(a, n);
	}
}

/* Programs for one function need not look up which one it is. */
static void find_only_targets(const struct attach *a, const struct targets *targets)
{
	__cleanup_free uint32_t *uses = xcalloc(a->ncaptures + 1, sizeof(*uses));

	for (size_t i = 0; i < targets->nids; i++)
		if (targets->v[i]->capture)
			uses[targets->v[i]->capture->index]++;
	for (size_t i = 0; i < targets->nids; i++) {
		const struct target *t = targets->v[i];

		if (t->capture && t->type == TARGET_KERNEL && uses[t->capture->index] == 1)
			t->capture->only = site__of(t).spec;
	}
}

static void number_extras(struct attach *a, struct targets *targets)
{
	__cleanup_free const struct capture_spec **captures =
		xcalloc(SPAN_PLACES_MAX * targets->nids + 1, sizeof(*captures));
	uint32_t hist = 0;

	a->extras = xcalloc(targets->nids + 1, sizeof(*a->extras));
	a->first_hists = xcalloc(targets->nids + 1, sizeof(*a->first_hists));
	for (size_t i = 0; i < targets->nids; i++) {
		struct capture_spec *x = targets->v[i]->capture;

		if (!x)
			continue;
		capture_spec__number(x, captures, &a->ncaptures);
		for (size_t k = 0; k < targets->v[i]->npoints; k++)
			capture_spec__number(targets->v[i]->points[k].capture, captures,
					     &a->ncaptures);
		a->first_hists[i] = x->histogram = hist;
		hist += x->nhistograms;
		a->extras[a->nextras++] = x;
	}
}

/* Warns once per file, as the functions of a glob are in a row. */
static void warn_of_harm(const struct attach *a)
{
	const char *last = "";

	for (size_t i = 0; i < a->n; i++) {
		const struct attach_slot *slot = &a->slots[i];
		__cleanup_free char *words = NULL;

		if (!slot->ops || !slot->ops->swaps_return || !slot->target->hazards ||
		    !strcmp(slot->target->object, last))
			continue;
		last = slot->target->object;
		words = hazards__in_words(slot->target->hazards);
		log_warn("%s: attaching with %s as requested; it swaps return addresses and may "
			 "crash programs here (%s); uprobe.ret does not",
			 last, slot->ops->name, words);
	}
}

/* A container's file must not decide that those of others are not counted. */
static void try_file(struct attach *a, struct attach_slot *slot, struct target *other)
{
	target__swap_files(slot->target, other);
	target__set_reason(slot->target, REASON_NONE, NULL);
	choice__make(a, slot, NULL);
}

/* Whether there is a file k to try. */
static bool is_selected(const struct attach_slot *slot, size_t k)
{
	return slot->target->type == TARGET_USER && !slot->ops && k < slot->target->nmore;
}

static bool needs_tracepoints(const struct attach_slot *slot)
{
	return slot->ops == &attach_tracepoint;
}

struct attach *plan__new(struct targets *targets, struct features *f, const char *mechanism)
{
	struct attach *a = xcalloc(1, sizeof(*a));

	a->forks = TASK_WATCH_NONE;
	a->features = f;
	a->mechanism = mechanism;
	a->unpreempted = features__has(f, FEATURE_NO_PREEMPTION);
	a->n = targets->nids;
	a->slots = xcalloc(a->n, sizeof(*a->slots));
	for (size_t i = 0; i < a->n; i++) {
		struct target *t = targets->v[i];

		a->slots[i].target = t;
		a->count[t->type]++;
		a->in_modules += target__is_in_module(t);
	}
	for (size_t i = 0; i < a->n; i++) {
		struct attach_slot *slot = &a->slots[i];

		choice__make(a, slot, NULL);
		for (size_t k = 0; is_selected(slot, k); k++)
			try_file(a, slot, slot->target->more[k]);
		a->traced |= needs_tracepoints(slot);
	}
	for (size_t i = 0; i < a->n; i++) {
		struct attach_slot *slot = &a->slots[i];

		if (a->traced && by_function__is_one(slot))
			choice__make(a, slot, NULL);
		if (slot->ops)
			group__add(groups__of(&a->groups, slot->ops, f), slot);
	}
	warn_of_harm(a);
	number_extras(a, targets);
	find_only_targets(a, targets);
	number_exits(a);
	by_function__add_slots(a);
	fill_sites(a);
	in_flight__plan(a->slots, a->n, f, &a->scan);
	return a;
}

/* Whether a group has targets of this kind. */
static bool has_targets(const struct group *g, bool capturing, bool untimed)
{
	for (size_t i = 0; i < g->n; i++)
		if (!g->slots[i]->target->capture == !capturing &&
		    g->slots[i]->target->untimed == untimed)
			return true;
	return false;
}

/* Without BTF, forks are not watched. */
static uint64_t programs_of_mechanism(const struct attach *a, const struct attach_ops *ops,
				      bool untimed)
{
	uint64_t forks = PROG_BIT(PROG_UPROBE_FORK) | PROG_BIT(PROG_UPROBE_RAW_FORK);

	if (untimed)
		return ops->counting;
	return ops->programs |
	       (ops->swaps_return && features__has(a->features, FEATURE_BTF) ? forks : 0);
}

/* Whether a group may get targets that a mechanism could not attach. */
static bool may_follow(const struct attach_ops *next, const struct group *g)
{
	bool calls = false;

	for (size_t i = 0; i < g->n; i++)
		calls |= by_function__is_one(g->slots[i]);
	return next->type == g->ops->type || (calls && next == &attach_tracepoint);
}

/* The programs of the chosen mechanisms, and of those after them that a refused target may get. */
static uint64_t programs_of(const struct attach *a, bool capturing, bool untimed)
{
	const struct attach_ops *forced = mechanisms__find(a->mechanism);
	uint64_t programs = 0;

	for (size_t i = 0; i < a->groups.n; i++) {
		const struct attach_ops *ops = a->groups.v[i].ops;
		bool after = false;

		if (!has_targets(&a->groups.v[i], capturing, untimed))
			continue;
		programs |= programs_of_mechanism(a, ops, untimed);
		for (size_t r = 0; r < MECHANISMS && ops != forced; r++) {
			if (after && may_follow(mechanisms[r], &a->groups.v[i]) &&
			    !mechanisms__unavailable(mechanisms[r], a->features))
				programs |= programs_of_mechanism(a, mechanisms[r], untimed);
			after |= mechanisms[r] == ops;
		}
	}
	return programs;
}

/* Without programs of probes, there is nothing to scan for. */
static void add_scan(const struct attach *a, struct object_params *p)
{
	p->scan = a->scan;
	if ((a->scan.nranges || a->scan.syscalls || a->scan.functions || a->scan.user) &&
	    (p->programs || p->capturing_programs) &&
	    features__has(a->features, FEATURE_TASK_ITERATOR))
		p->programs |= PROG_BIT(PROG_SCAN);
}

/* A walk through running spans. */
static void add_span_scan(struct object_params *p)
{
	if (p->capturing_programs & PROG_BIT(PROG_SPAN_BEGIN) && features__map_iterator())
		p->programs |= PROG_BIT(PROG_SCAN_SPANS);
}

/* The programs for answered system calls. */
static void add_answered(const struct attach_slot *slot, struct object_params *p)
{
	const struct answerer *at = &slot->target->answerer;

	p->answerer = at->kind;
	p->ntraced = at->stops ? ANSWERS : 0;
	p->programs |= PROG_BIT(PROG_SYSCALL_ANSWERED);
	if (at->stops)
		p->programs |= PROG_BIT(PROG_SYSCALL_STOPS) | PROG_BIT(PROG_SYSCALL_STOPPED);
	if (slot->target->capture)
		p->capturing_programs |= PROG_BIT(PROG_SYSCALL_ANSWERED_CAPTURE);
}

void plan__params(const struct attach *a, struct object_params *p)
{
	p->ntargets = a->n;
	p->programs = programs_of(a, false, false) | programs_of(a, false, true);
	p->capturing_programs = programs_of(a, true, false) | programs_of(a, true, true);
	for (size_t i = 0; i < a->n; i++) {
		p->x32_calls |= a->slots[i].target->x32_calls;
		p->twice |= a->slots[i].target->probe != NULL;
		if (by_function__is_one(&a->slots[i]))
			add_answered(&a->slots[i], p);
		if (a->slots[i].target->type == TARGET_SPAN)
			p->span_bytes += (uint64_t)SPAN_BYTES *
					 a->slots[i].target->settings->span->max_running;
	}
	for (uint32_t i = 0; i < a->nextras && p->capturing_programs; i++)
		if (capture_spec__names_cgroups(a->extras[i]) &&
		    features__has(a->features, FEATURE_BTF))
			p->programs |= PROG_BIT(PROG_CGROUP_REMOVED);
	p->sites = a->sites;
	p->nsites = a->nsites;
	p->exits = a->exits;
	p->nexits = a->nexits;
	p->extras = a->extras;
	p->nextras = a->nextras;
	p->ncaptures = a->ncaptures;
	p->first_hists = a->first_hists;
	add_scan(a, p);
	add_span_scan(p);
}
