/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach.h"

#include <errno.h>

#include "log.h"

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
	bool open;
};

struct attach {
	struct attach_slot *slots; /* by target id */
	size_t n;
	struct features *features;
	const char *mechanism; /* the config's */
	struct group groups[ARRAY_SIZE(ladder)];
	size_t ngroups;
	size_t count[TARGET_USER + 1]; /* targets by type */
	uint64_t *specs;	       /* by id */
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
		return -EINVAL;
	}
	for (size_t i = 0; i < targets->nids; i++)
		if (targets->v[i]->type == ops->type)
			return 0;
	*error = xasprintf("--mechanism=%s is for %s, and none is to be probed: leave it out",
			   mechanism, type_names[ops->type]);
	return -EINVAL;
}

/* How much is asked of a rung. */
enum demand { EXACT_AND_QUICK, QUICK, ANY, FORCED };

/* Why a rung is not for a target here; NULL if it is. */
static const char *objection(const struct attach *a, const struct attach_ops *ops,
			     const struct target *t, enum demand demand)
{
	const char *why = ops->unavailable(a->features);

	if (!why && ops->unfit)
		why = ops->unfit(t);
	if (!why && demand != FORCED && ops->inexact && (demand != QUICK || !ops->last_resort))
		why = ops->inexact(a->features);
	if (!why && demand <= QUICK && ops->max_targets && a->count[ops->type] > ops->max_targets)
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
	return g;
}

static void add_to_group(struct attach *a, struct attach_slot *slot)
{
	struct group *g = group_of(a, slot->ops);

	g->slots[g->n++] = slot;
}

struct program_site attach__site(const struct target *t)
{
	return (struct program_site){
		.spec = RP_SPEC(t->id, t->kind, t->ret_size),
		.module = t->object,
		.symbol = t->symbol,
		.btf_id = t->btf_id,
		.slots = t->slots,
	};
}

static void note_syscall(struct attach *a, const struct target *t)
{
	if (t->nr >= 0 && t->nr < RP_SYSCALLS)
		a->syscall_spec[t->nr] = a->specs[t->id];
	if (t->nr32 >= 0 && t->nr32 < RP_SYSCALLS)
		/* A 32-bit program's result is an int. */
		a->syscall_compat_spec[t->nr32] = RP_SPEC(t->id, t->kind, 4);
}

/* What programs find in tables. Addresses are used if they are known of all kernel functions. */
static void fill_tables(struct attach *a)
{
	bool hidden = false;

	a->specs = xcalloc(a->n, sizeof(*a->specs));
	a->sites = xcalloc(a->n, sizeof(*a->sites));
	a->syscall_spec = xcalloc(RP_SYSCALLS, sizeof(*a->syscall_spec));
	a->syscall_compat_spec = xcalloc(RP_SYSCALLS, sizeof(*a->syscall_compat_spec));
	for (size_t i = 0; i < a->n; i++) {
		const struct target *t = a->slots[i].target;

		a->specs[i] = attach__site(t).spec;
		if (t->type == TARGET_SYSCALL)
			note_syscall(a, t);
		if (t->type != TARGET_KERNEL)
			continue;
		hidden |= !t->addr;
		a->sites[a->nsites++] = (struct rp_addr){ t->addr, a->specs[i] };
		if (t->btf_id && !a->first.symbol)
			a->first = attach__site(t);
	}
	if (hidden)
		a->nsites = 0;
}

int attach__plan(struct targets *targets, struct features *f, const char *mechanism,
		 struct attach **out, char **error)
{
	bool forced = strcmp(mechanism, "auto") != 0;
	struct attach *a;

	if (forced && check_forced(targets, f, mechanism, error))
		return -EINVAL;
	a = xcalloc(1, sizeof(*a));
	a->features = f;
	a->mechanism = mechanism;
	a->n = targets->nids;
	a->slots = xcalloc(a->n, sizeof(*a->slots));
	for (size_t i = 0; i < a->n; i++) {
		a->slots[i].target = targets->v[i];
		a->count[targets->v[i]->type]++;
	}
	for (size_t i = 0; i < a->n; i++) {
		choose(a, &a->slots[i], NULL);
		if (a->slots[i].ops)
			add_to_group(a, &a->slots[i]);
	}
	fill_tables(a);
	*out = a;
	return 0;
}

/* Programs of the chosen rungs, and of those below them that a refused target may end up with. */
static uint32_t programs_of(const struct attach *a)
{
	uint32_t programs = 0;

	for (size_t i = 0; i < a->ngroups; i++) {
		const struct attach_ops *ops = a->groups[i].ops;
		bool below = false;

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
	p->programs = programs_of(a);
	p->first = a->first.symbol ? &a->first : NULL;
	p->sites = a->sites;
	p->nsites = a->nsites;
	p->specs = a->specs;
	p->syscall_spec = a->syscall_spec;
	p->syscall_compat_spec = a->syscall_compat_spec;
}

/* ---- doing --------------------------------------------------------------------------------- */

static int open_group(struct group *g)
{
	int err = g->ops->open ? g->ops->open(&g->context) : 0;
	char buf[16];

	g->open = !err;
	if (!err)
		return 0;
	for (size_t i = 0; i < g->n; i++)
		attach__refuse(g->slots[i], xasprintf("%s cannot be set up: %s", g->ops->name,
						      errno_name(-err, buf, sizeof(buf))));
	return err;
}

static void attach_group(struct group *g, struct bpfobj *obj)
{
	g->context.obj = obj;
	if (!open_group(g))
		g->ops->attach(&g->context, g->slots, g->n);
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

void attach__free(struct attach *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->ngroups; i++) {
		struct group *g = &a->groups[i];

		if (g->open) {
			g->ops->detach(&g->context, g->slots, g->n);
			if (g->ops->close)
				g->ops->close(&g->context);
		}
		free(g->slots);
	}
	free(a->slots);
	free(a->specs);
	free(a->sites);
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
	if (g->ops->count_shared)
		g->ops->count_shared((struct attach_context *)&g->context, out->missed);
}

size_t attach__count_programs(struct attach *a, struct attach_program_counts *out)
{
	size_t n = 0;

	for (size_t i = 0; i < a->ngroups; i++)
		if (a->groups[i].open)
			count_group(&a->groups[i], &out[n++]);
	return n;
}
