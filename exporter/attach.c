/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach.h"

#include <errno.h>

#include "log.h"
#include "sd_notify.h"
#include "symbols.h"

#define BATCH 64

/*
 * The ladder, cheapest first. A rung that is not exact on this machine is passed over, so exactness
 * comes before cost. The last rung of each kind of target takes any.
 */
static const struct attach_ops *const ladder[] = {
	&attach_fsession_multi, &attach_fsession,  &attach_fexit,      &attach_kprobe_session,
	&attach_kprobe_multi,	&attach_kretprobe, &attach_tracepoint, &attach_uprobe_session,
	&attach_uprobe_multi,	&attach_uretprobe,
};

/* A mechanism that some targets use. */
struct group {
	const struct attach_ops *ops;
	struct attach_context context;
	struct attach_slot **slots;
	size_t n;
	bool open, was_open;
};

struct attach {
	const struct target_extra **extras; /* by index */
	uint32_t nextras;
	struct attach_slot *slots; /* by target id */
	size_t n;
	struct features *features;
	unsigned generation;
	const char *mechanism; /* the config's */
	struct group groups[ARRAY_SIZE(ladder)];
	size_t ngroups;
	size_t count[TARGET_USER + 1]; /* targets by type */
	size_t in_modules;	       /* those of kernel functions that are modules' */
	uint64_t *syscall_spec, *syscall_compat_spec;
	struct rp_addr *sites;
	size_t nsites;
	struct program_site first;
};

static const char *const type_names[] = {
	[TARGET_KERNEL] = "kernel functions",
	[TARGET_SYSCALL] = "system calls",
	[TARGET_USER] = "user-space functions",
};

void attach__refuse(struct attach_slot *slot, char *why)
{
	slot->target->reason = REASON_REFUSED;
	free(slot->target->why);
	slot->target->why = why;
	slot->attached = false;
}

/* ---- planning ------------------------------------------------------------------------------ */

static const struct attach_ops *rung(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ladder); i++)
		if (!strcmp(ladder[i]->name, name))
			return ladder[i];
	return NULL;
}

/* A forced rung that cannot be had is an error of its own, not of each target. */
static int check_forced(const struct targets *targets, struct features *f, const char *mechanism,
			char **error)
{
	const struct attach_ops *ops = rung(mechanism);
	const char *why;

	if (!ops) {
		*error = xasprintf("--mechanism=%s: no such mechanism", mechanism);
		return -EINVAL;
	}
	why = ops->unavailable(f);
	if (why) {
		*error = xasprintf("--mechanism=%s cannot be had: %s", mechanism, why);
		return -EOPNOTSUPP;
	}
	for (size_t i = 0; i < targets->nids; i++)
		if (targets->v[i]->type == ops->type)
			return 0;
	*error = xasprintf("--mechanism=%s is for %s, and none is to be probed: leave it out",
			   mechanism, type_names[ops->type]);
	return -EOPNOTSUPP;
}

/* How much is asked of a rung. */
enum demand { EXACT_AND_QUICK, QUICK, ANY, FORCED };

static const char *filter_unavailable(const struct attach *a, const struct target *t)
{
	const struct rp_extra *x = t->extra ? &t->extra->kernel : NULL;

	for (uint32_t i = 0; x && i < x->nfilters; i++)
		if (x->filter[i].field.source == RP_SOURCE_CGROUP_ANCESTOR)
			return features__missing(a->features, FEATURE_CGROUP_ANCESTOR);
	return NULL;
}

static bool in_module(const struct target *t)
{
	return t->type == TARGET_KERNEL && strcmp(t->object, SYMBOLS_VMLINUX);
}

/* How many targets a rung is likely to get, if it gets this one. */
static size_t rivals(const struct attach *a, const struct target *t)
{
	return in_module(t) ? a->in_modules : a->count[t->type];
}

/* Whether a rung below can have more of them before it takes too long. */
static bool is_outdone(const struct attach *a, const struct attach_ops *ops)
{
	for (size_t i = 0; i < ARRAY_SIZE(ladder); i++)
		if (ladder[i]->type == ops->type && !ladder[i]->unavailable(a->features) &&
		    ladder[i]->max_targets > ops->max_targets)
			return true;
	return false;
}

/* Why a rung is not for a target here; NULL if it is. */
static const char *objection(const struct attach *a, const struct attach_ops *ops,
			     const struct target *t, enum demand demand)
{
	const char *why = ops->unavailable(a->features);

	if (!why && ops->unfit)
		why = ops->unfit(t);
	if (!why)
		why = filter_unavailable(a, t);
	if (!why && demand != FORCED && ops->inexact && (demand != QUICK || !ops->last_resort))
		why = ops->inexact(a->features);
	if (!why && demand == EXACT_AND_QUICK && ops->pins_module && in_module(t))
		why = "it would keep the function's module from being unloaded";
	if (!why && demand <= QUICK && ops->max_targets && rivals(a, t) > ops->max_targets)
		why = "too many functions for it";
	/* What is left to the slow ones goes to the quickest of those. */
	if (!why && demand == ANY && ops->max_targets && rivals(a, t) > ops->max_targets &&
	    is_outdone(a, ops))
		why = "too many functions for it";
	return why;
}

/* The first rung below `after` (NULL: of all) that has no objection; else NULL and *why. */
static const struct attach_ops *climb(const struct attach *a, const struct target *t,
				      const struct attach_ops *forced,
				      const struct attach_ops *after, enum demand demand,
				      const char **why)
{
	for (size_t i = 0; i < ARRAY_SIZE(ladder); i++) {
		if (after) {
			after = ladder[i] == after ? NULL : after;
			continue;
		}
		if (ladder[i]->type != t->type || (forced && forced != ladder[i]))
			continue;
		*why = objection(a, ladder[i], t, demand);
		if (!*why)
			return ladder[i];
	}
	return NULL;
}

/*
 * Exact and quick to attach, if there is such a rung. Of the many functions for which there is
 * none, those that a multi link can have go there: minutes of start-up are worse than a few calls
 * of sleeping functions that are counted as missed. What is left takes the time that it takes.
 */
static void choose(struct attach *a, struct attach_slot *slot, const struct attach_ops *after)
{
	const char *own = slot->target->settings->mechanism, *why = NULL;
	const struct attach_ops *forced = rung(own ? own : a->mechanism);

	if (forced && forced->type != slot->target->type)
		forced = NULL;
	slot->ops = NULL;
	for (int demand = forced ? FORCED : EXACT_AND_QUICK; demand <= FORCED && !slot->ops;
	     demand++)
		if (demand != FORCED || forced)
			slot->ops = climb(a, slot->target, forced, after, demand, &why);
	if (!slot->ops && slot->target->reason == REASON_NONE)
		attach__refuse(slot, xasprintf("%s", why ? why : "no mechanism can have it"));
}

static struct group *group_of(struct attach *a, const struct attach_ops *ops)
{
	struct group *g;

	for (size_t i = 0; i < a->ngroups; i++)
		if (a->groups[i].ops == ops)
			return &a->groups[i];
	g = &a->groups[a->ngroups++];
	g->ops = ops;
	g->slots = xcalloc(a->n, sizeof(*g->slots));
	g->context.features = a->features;
	g->context.generation = a->generation;
	return g;
}

static void add_to_group(struct attach *a, struct attach_slot *slot)
{
	struct group *g = group_of(a, slot->ops);

	g->slots[g->n++] = slot;
}

static uint64_t spec_of(const struct target *t, uint8_t size)
{
	uint64_t spec = RP_SPEC(t->id, t->kind, size);

	return t->extra ? spec | RP_SPEC_ADD_EXTRA(t->extra->index) : spec;
}

size_t attach__split(struct attach_slot **slots, size_t n)
{
	__cleanup_free struct attach_slot **noted = xcalloc(n + 1, sizeof(*noted));
	size_t plain = 0, nnoted = 0;

	for (size_t i = 0; i < n; i++) {
		if (slots[i]->target->extra)
			noted[nnoted++] = slots[i];
		else
			slots[plain++] = slots[i];
	}
	memcpy(slots + plain, noted, nnoted * sizeof(*noted));
	return plain;
}

struct program_site attach__site(const struct target *t)
{
	return (struct program_site){
		.spec = spec_of(t, t->ret_size),
		.noted = t->extra,
		.module = t->object,
		.symbol = t->symbol,
		.btf_id = t->btf_id,
		.slots = t->slots,
		.has_result = t->kind != RP_KIND_VOID,
	};
}

static void note_syscall(struct attach *a, const struct target *t)
{
	if (t->nr >= 0 && t->nr < RP_SYSCALLS)
		a->syscall_spec[t->nr] = attach__site(t).spec;
	if (t->nr32 >= 0 && t->nr32 < RP_SYSCALLS)
		/* A 32-bit program's result is an int. */
		a->syscall_compat_spec[t->nr32] = spec_of(t, 4);
}

/* What programs find in tables. Addresses are used if they are known of all kernel functions. */
static void fill_tables(struct attach *a)
{
	bool hidden = false;

	a->sites = xcalloc(a->n, sizeof(*a->sites));
	a->syscall_spec = xcalloc(RP_SYSCALLS, sizeof(*a->syscall_spec));
	a->syscall_compat_spec = xcalloc(RP_SYSCALLS, sizeof(*a->syscall_compat_spec));
	for (size_t i = 0; i < a->n; i++) {
		const struct target *t = a->slots[i].target;

		if (t->type == TARGET_SYSCALL)
			note_syscall(a, t);
		if (t->type != TARGET_KERNEL)
			continue;
		hidden |= !t->addr;
		a->sites[a->nsites++] = (struct rp_addr){ t->addr, attach__site(t).spec };
		if (t->btf_id && !a->first.symbol)
			a->first = attach__site(t);
	}
	if (hidden)
		a->nsites = 0;
}

static void number_extras(struct attach *a, struct targets *targets)
{
	uint32_t hist = 0;

	a->extras = xcalloc(targets->nids + 1, sizeof(*a->extras));
	for (size_t i = 0; i < targets->nids; i++) {
		struct target_extra *x = targets->v[i]->extra;

		if (!x)
			continue;
		x->index = a->nextras;
		x->kernel.histogram = hist;
		hist += x->nhistograms;
		a->extras[a->nextras++] = x;
	}
}

int attach__plan(struct targets *targets, struct features *f, const char *mechanism,
		 unsigned generation, struct attach **out, char **error)
{
	bool forced = strcmp(mechanism, "auto") != 0;
	int err = forced ? check_forced(targets, f, mechanism, error) : 0;
	struct attach *a;

	if (err)
		return err;
	a = xcalloc(1, sizeof(*a));
	a->features = f;
	a->generation = generation;
	a->mechanism = mechanism;
	a->n = targets->nids;
	a->slots = xcalloc(a->n, sizeof(*a->slots));
	for (size_t i = 0; i < a->n; i++) {
		a->slots[i].target = targets->v[i];
		a->count[targets->v[i]->type]++;
		a->in_modules += in_module(targets->v[i]);
	}
	for (size_t i = 0; i < a->n; i++) {
		choose(a, &a->slots[i], NULL);
		if (a->slots[i].ops)
			add_to_group(a, &a->slots[i]);
	}
	number_extras(a, targets);
	fill_tables(a);
	*out = a;
	return 0;
}

/* Whether some of a group's targets have notes, or some have none. */
static bool has_noted(const struct group *g, bool noted)
{
	for (size_t i = 0; i < g->n; i++)
		if (!g->slots[i]->target->extra == !noted)
			return true;
	return false;
}

/* Programs of the chosen rungs, and of those below them that a refused target may end up with. */
static uint32_t programs_of(const struct attach *a, bool noted)
{
	uint32_t programs = 0;

	for (size_t i = 0; i < a->ngroups; i++) {
		const struct attach_ops *ops = a->groups[i].ops;
		bool below = false;

		if (!has_noted(&a->groups[i], noted))
			continue;
		programs |= ops->programs;
		for (size_t r = 0; r < ARRAY_SIZE(ladder) && !strcmp(a->mechanism, "auto"); r++) {
			if (below && ladder[r]->type == ops->type &&
			    !ladder[r]->unavailable(a->features))
				programs |= ladder[r]->programs;
			below |= ladder[r] == ops;
		}
	}
	return programs;
}

void attach__params(const struct attach *a, struct bpfobj_params *p)
{
	p->ntargets = a->n;
	p->programs = programs_of(a, false);
	p->noted_programs = programs_of(a, true);
	p->first = a->first.symbol ? &a->first : NULL;
	p->sites = a->sites;
	p->nsites = a->nsites;
	p->syscall_spec = a->syscall_spec;
	p->syscall_compat_spec = a->syscall_compat_spec;
	p->extras = a->extras;
	p->nextras = a->nextras;
}

/* ---- doing --------------------------------------------------------------------------------- */

static int open_group(struct group *g)
{
	int err = g->ops->open ? g->ops->open(&g->context) : 0;
	char buf[16];

	g->open = !err;
	g->was_open |= g->open;
	if (!err)
		return 0;
	for (size_t i = 0; i < g->n; i++)
		attach__refuse(g->slots[i], xasprintf("%s cannot be set up: %s", g->ops->name,
						      errno_name(-err, buf, sizeof(buf))));
	return err;
}

/* Some at a time where each has a link of its own: hundreds take minutes, and the watchdog has to
 * hear of us before that. */
static void in_batches(struct group *g,
		       void (*act)(struct attach_context *c, struct attach_slot **slots, size_t n))
{
	size_t batch = g->ops->many ? g->n : BATCH;

	for (size_t i = 0; i < g->n; i += batch) {
		act(&g->context, g->slots + i, batch < g->n - i ? batch : g->n - i);
		sd_notify__alive();
	}
}

static void attach_group(struct group *g, struct bpfobj *obj)
{
	g->context.obj = obj;
	if (!open_group(g))
		in_batches(g, g->ops->attach);
}

/* Gives a target that its rung could not attach to the next one that can have it. */
static void fall_back(struct attach *a, struct group *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->n; i++) {
		struct attach_slot *slot = g->slots[i];
		const struct attach_ops *refused_by = slot->ops;

		if (!slot->attached)
			choose(a, slot, refused_by);
		if (slot->attached || !slot->ops) {
			slot->ops = refused_by;
			g->slots[kept++] = slot;
			continue;
		}
		log_debug("%s: %s; trying %s", slot->target->function, slot->target->why,
			  slot->ops->name);
		slot->target->reason = REASON_NONE;
		free(take_ptr(slot->target->why));
		add_to_group(a, slot);
	}
	g->n = kept;
}

/* Rungs go from top to bottom, so that a group has all of its targets when it is attached. */
size_t attach__run(struct attach *a, struct bpfobj *obj)
{
	size_t attached = 0;

	for (size_t r = 0; r < ARRAY_SIZE(ladder); r++) {
		for (size_t i = 0; i < a->ngroups; i++) {
			struct group *g = &a->groups[i];

			if (g->ops != ladder[r] || g->n == 0)
				continue;
			attach_group(g, obj);
			fall_back(a, g);
		}
	}
	for (size_t i = 0; i < a->n; i++) {
		if (!a->slots[i].attached)
			continue;
		attached++;
		log_debug("%s: attached by %s", a->slots[i].target->function,
			  a->slots[i].ops->name);
	}
	return attached;
}

static void close_group(struct group *g)
{
	if (!g->open)
		return;
	in_batches(g, g->ops->detach);
	if (g->ops->close)
		g->ops->close(&g->context);
	g->open = false;
}

void attach__detach(struct attach *a, uint32_t id)
{
	struct attach_slot *slot = &a->slots[id];
	struct group *g = group_of(a, slot->ops);
	size_t kept = 0;

	g->ops->detach(&g->context, &slot, 1);
	for (size_t i = 0; i < g->n; i++)
		if (g->slots[i] != slot)
			g->slots[kept++] = g->slots[i];
	g->n = kept;
	if (!g->n)
		close_group(g);
}

bool attach__together(const struct attach *a, uint32_t id, uint32_t other)
{
	const struct attach_slot *x = &a->slots[id], *y = &a->slots[other];

	return x->ops->many && x->ops == y->ops && x->state && x->state == y->state;
}

void attach__free(struct attach *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->ngroups; i++) {
		close_group(&a->groups[i]);
		free(a->groups[i].slots);
	}
	free(a->slots);
	free(a->sites);
	free(a->extras);
	free(a->syscall_spec);
	free(a->syscall_compat_spec);
	free(a);
}

const char *attach__caveat(const struct attach *a, const struct attach_slot *slot)
{
	return slot->ops->caveat ? slot->ops->caveat(a->features) : NULL;
}

const struct attach_slot *attach__slots(const struct attach *a, size_t *n)
{
	*n = a->n;
	return a->slots;
}

void attach__count(struct attach *a, struct kernel_counts *out)
{
	for (size_t i = 0; i < a->ngroups; i++) {
		struct group *g = &a->groups[i];

		if (g->open && g->ops->count)
			g->ops->count(&g->context, g->slots, g->n, out);
	}
}

static void count_group(const struct group *g, struct attach_program_counts *out)
{
	const struct programs *programs = bpfobj__programs(g->context.obj);

	*out = (struct attach_program_counts){
		.mechanism = g->ops->name,
		.shared = !g->ops->count,
		.skips_twice = g->ops->skips_twice && g->ops->skips_twice(g->context.features),
		.entered = g->ops->entered,
	};
	for (int id = 0; id < PROG_MAX; id++) {
		struct program_counts c;

		if (!(g->ops->programs & PROG_BIT(id)))
			continue;
		c = programs__count(programs, id);
		out->run_ns += c.run_ns;
		out->runs += c.runs;
		if (g->ops->returns & PROG_BIT(id))
			out->missed[MISSED_RECURSION] += c.skipped;
	}
	if (g->open && g->ops->count_shared)
		g->ops->count_shared((struct attach_context *)&g->context, out->missed);
}

size_t attach__count_programs(struct attach *a, struct attach_program_counts *out)
{
	size_t n = 0;

	/* Each group has its place in the list for good. */
	for (size_t i = 0; i < a->ngroups; i++)
		if (a->groups[i].was_open)
			count_group(&a->groups[i], &out[n++]);
	return n;
}
