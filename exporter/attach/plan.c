/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which mechanism each target gets, and what that asks of the objects: programs, and the tables in
 * which they find their targets.
 */
#include "attach/internal.h"

#include "elf/hazards.h"
#include "base/log.h"
#include "kernel/kallsyms.h"

/*
 * The ladder, cheapest first. A rung that is not exact on this machine is passed over, so exactness
 * comes before cost. The last rung of each kind of target takes any; but for user functions: one
 * that could break the program that it watches is not taken unless it is forced. uprobe.ret, which
 * breaks none, is for those.
 */
const struct attach_ops *const ladder[] = {
	&attach_fsession_multi, &attach_fsession,     &attach_fexit,	  &attach_kprobe_session,
	&attach_kprobe_multi,	&attach_kretprobe,    &attach_tracepoint, &attach_uprobe_ret,
	&attach_uprobe_session, &attach_uprobe_multi, &attach_uretprobe,
};
_Static_assert(ARRAY_SIZE(ladder) == RUNGS, "attach/internal.h has the number of rungs");

static const char *const type_names[] = {
	[TARGET_KERNEL] = "kernel functions",
	[TARGET_SYSCALL] = "system calls",
	[TARGET_USER] = "user-space functions",
};

static const struct attach_ops *rung(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ladder); i++)
		if (!strcmp(ladder[i]->name, name))
			return ladder[i];
	return NULL;
}

static enum target_type type_of(const struct pattern *p)
{
	switch (p->type) {
	case OBJECT_SYSCALL:
		return TARGET_SYSCALL;
	case OBJECT_USER:
		return TARGET_USER;
	case OBJECT_ANY:
	case OBJECT_KERNEL:
	case OBJECT_MODULE:
		break;
	}
	return TARGET_KERNEL;
}

static bool has_type(const struct config *c, enum target_type type)
{
	for (size_t i = 0; i < c->nlists; i++)
		for (size_t k = 0; k < c->lists[i].npatterns; k++)
			if (!c->lists[i].patterns[k].exclude &&
			    type_of(&c->lists[i].patterns[k]) == type)
				return true;
	return false;
}

enum fault attach__check_forced(const struct config *c, struct features *f, char **error)
{
	const struct attach_ops *ops = rung(c->mechanism);
	const char *why;

	if (!strcmp(c->mechanism, "auto"))
		return FAULT_NONE;
	if (!ops) {
		*error = xasprintf("--mechanism=%s: no such mechanism", c->mechanism);
		return FAULT_CONFIG;
	}
	why = ops->unavailable(f);
	if (why) {
		*error = xasprintf("--mechanism=%s cannot be had: %s", c->mechanism, why);
		return FAULT_MACHINE;
	}
	if (has_type(c, ops->type))
		return FAULT_NONE;
	*error = xasprintf("--mechanism=%s is for %s, and none is to be probed: leave it out",
			   c->mechanism, type_names[ops->type]);
	return FAULT_CONFIG;
}

const char *attach__impossible(struct features *f, enum target_type type)
{
	const char *why = NULL;

	/* The last rung of a type is the one with the fewest needs. */
	for (size_t i = ARRAY_SIZE(ladder); i--;)
		if (ladder[i]->type == type) {
			const char *reason = ladder[i]->unavailable(f);

			if (!reason)
				return NULL;
			why = why ? why : reason;
		}
	return why;
}

/* How much is asked of a rung. */
enum strictness { EXACT_AND_QUICK, QUICK, ANY, LOSSY, FORCED };

static bool reads(const struct rp_capture_spec *x, enum rp_source source)
{
	for (uint32_t i = 0; i < x->nfilters; i++)
		if (x->filter[i].field.source == source)
			return true;
	for (uint32_t i = 0; i < x->nnumbers; i++)
		if (x->number[i].source == source)
			return true;
	return false;
}

/* What its labels and filters need that is not there costs this target only. */
static const char *extra_unavailable(const struct attach *a, const struct target *t)
{
	const struct rp_capture_spec *x = t->extra ? &t->extra->kernel : NULL;
	const char *why = NULL;

	if (!x)
		return NULL;
	if (reads(x, RP_SOURCE_CGROUP_ANCESTOR))
		why = features__missing(a->features, FEATURE_CGROUP_ANCESTOR);
	if (!why && reads(x, RP_SOURCE_CGROUP))
		why = features__missing(a->features, FEATURE_CGROUP_V2);
	return why ? why : features__missing(a->features, FEATURE_READ_KERNEL);
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

/* Calls of kernel functions that an inexact rung loses are counted as missed; not so those of user
 * functions. */
static bool may_be_inexact(const struct attach_ops *ops, enum strictness demand)
{
	if (demand == LOSSY)
		return ops->type == TARGET_KERNEL;
	return demand == FORCED || (demand == QUICK && ops->last_resort);
}

/* Why a rung is not for a target here; NULL if it is. */
static const char *objection(const struct attach *a, const struct attach_ops *ops,
			     const struct target *t, enum strictness demand)
{
	const char *why = ops->unavailable(a->features);

	if (!why && ops->unfit)
		why = ops->unfit(t);
	if (!why)
		why = extra_unavailable(a, t);
	if (!why && demand != FORCED && ops->type == TARGET_USER &&
	    ops->swaps_return == (t->hazards != 0))
		why = t->hazards ? "a return probe could crash the program"
				 : "return probes are cheaper, and safe here";
	if (!why && ops->inexact && !may_be_inexact(ops, demand))
		why = ops->inexact(a->features);
	if (!why && demand == EXACT_AND_QUICK && ops->pins_module && in_module(t))
		why = "it would keep the function's module from being unloaded";
	if (!why && demand <= QUICK && ops->max_targets && rivals(a, t) > ops->max_targets)
		why = "too many functions for it";
	/* What is left to the slow ones goes to the quickest of those. */
	if (!why && (demand == ANY || demand == LOSSY) && ops->max_targets &&
	    rivals(a, t) > ops->max_targets && is_outdone(a, ops))
		why = "too many functions for it";
	return why;
}

/* The first rung below `after` (NULL: of all) that has no objection; else NULL and *why. */
static const struct attach_ops *climb(const struct attach *a, const struct target *t,
				      const struct attach_ops *forced,
				      const struct attach_ops *after, enum strictness demand,
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

/* What is said of a target that nothing can have. */
static char *refusal(const struct attach *a, const struct target *t, const char *why)
{
	__cleanup_free char *words = hazards__in_words(t->hazards);
	const char *ret = t->type == TARGET_USER && t->hazards
				  ? objection(a, &attach_uprobe_ret, t, FORCED)
				  : NULL;

	if (!ret)
		return xasprintf("%s", why ? why : "no mechanism can have it");
	return xasprintf(
		"a return probe could crash the program (%s), and uprobe.ret is not for this "
		"function here: %s",
		words, ret);
}

/*
 * Exact and quick to attach, if there is such a rung. Of the many functions for which there is
 * none, those that a multi link can have go there: minutes of start-up are worse than a few calls
 * of sleeping functions that are counted as missed. What is left takes the time that it takes.
 * Where no exact rung is available, because tracefs is closed for example, an inexact one is better
 * than none: it counts the calls that it loses.
 */
void attach__choose(struct attach *a, struct attach_slot *slot, const struct attach_ops *after)
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
		attach__refuse(slot, 0, refusal(a, slot->target, why));
}

const char *attach__objection(const struct attach *a, const struct attach_slot *slot,
			      const struct target *t)
{
	const char *own = t->settings->mechanism;

	return objection(a, slot->ops, t,
			 rung(own ? own : a->mechanism) == slot->ops ? FORCED : ANY);
}

bool attach__is_outdated(const struct attach *a, uint32_t id)
{
	const struct attach_slot *slot = &a->slots[id];
	const struct attach_ops *ops = slot->ops;

	if (!a->unpreempted || !ops || features__has(a->features, FEATURE_NO_PREEMPTION))
		return false;
	/* Their programs were not told to count entries (object/object.c). */
	if (ops->skips_twice && ops->skips_twice(a->features))
		return true;
	return ops->inexact && !ops->last_resort &&
	       attach__objection(a, slot, slot->target) == ops->inexact(a->features);
}

struct group *attach__group_of(struct attach *a, const struct attach_ops *ops)
{
	struct group *g;

	for (size_t i = 0; i < a->ngroups; i++)
		if (a->groups[i].ops == ops)
			return &a->groups[i];
	g = &a->groups[a->ngroups++];
	g->ops = ops;
	g->context.features = a->features;
	return g;
}

void group__add(struct group *g, struct attach_slot *slot)
{
	if (g->n == g->room) {
		g->room = 2 * g->room + 16;
		g->slots = xreallocarray(g->slots, g->room, sizeof(struct attach_slot *));
	}
	g->slots[g->n++] = slot;
}

void attach__add_to_group(struct attach *a, struct attach_slot *slot)
{
	group__add(attach__group_of(a, slot->ops), slot);
}

static uint64_t spec_of(const struct target *t, uint8_t size)
{
	struct result result = target__result(t);
	uint64_t spec = RP_DESC(t->id, result__kernel_kind(&result), size);

	return t->extra ? spec | RP_DESC_ADD_CAPTURE(t->extra->index) : spec;
}

struct program_site attach__site(const struct target *t)
{
	return (struct program_site){
		.spec = spec_of(t, t->ret_size),
		.capturing = t->extra,
		.module = t->object,
		.symbol = t->symbol,
		.btf_id = t->btf_id,
		.slots = t->slots,
		.has_result = t->kind != RP_KIND_VOID,
	};
}

/* A 32-bit program's result is an int. */
uint64_t attach__compat_spec(const struct target *t)
{
	return spec_of(t, 4);
}

/* The table of kernel functions by address. It is used if the addresses of all of them are known.
 */
static void fill_sites(struct attach *a)
{
	bool hidden = false;

	a->sites = xcalloc(a->n, sizeof(*a->sites));
	for (size_t i = 0; i < a->n; i++) {
		const struct target *t = a->slots[i].target;

		if (t->type != TARGET_KERNEL)
			continue;
		hidden |= !t->addr;
		a->sites[a->nsites++] = (struct rp_addr){ t->addr, attach__site(t).spec };
	}
	if (hidden)
		a->nsites = 0;
}

static void number_exits(struct attach *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct target *t = a->slots[i].target;

		a->slots[i].first_exit = a->nexits;
		for (size_t k = 0; k < t->exits.n; k++) {
			struct rp_exit *e;

			if (!t->exits.v[k].is_jump)
				continue;
			e = array__grow(&a->exits, &a->nexits, sizeof(*a->exits));
			*e = t->exits.v[k].how;
			e->desc = attach__ret_site(t).spec;
		}
	}
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

/* Once a file, if its functions come one after the other, as a glob's do. */
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

struct attach *attach__plan(struct targets *targets, struct features *f, const char *mechanism)
{
	struct attach *a = xcalloc(1, sizeof(*a));

	a->forks = TASK_WATCH_NONE;
	a->features = f;
	a->mechanism = mechanism;
	a->unpreempted = features__has(f, FEATURE_NO_PREEMPTION);
	a->n = targets->nids;
	a->slots = xcalloc(a->n, sizeof(*a->slots));
	for (size_t i = 0; i < a->n; i++) {
		a->slots[i].target = targets->v[i];
		a->count[targets->v[i]->type]++;
		a->in_modules += in_module(targets->v[i]);
	}
	for (size_t i = 0; i < a->n; i++) {
		attach__choose(a, &a->slots[i], NULL);
		if (a->slots[i].ops)
			attach__add_to_group(a, &a->slots[i]);
	}
	warn_of_harm(a);
	number_extras(a, targets);
	number_exits(a);
	fill_sites(a);
	return a;
}

/* Whether some of a group's targets have notes, or some have none. */
static bool has_capturing(const struct group *g, bool capturing)
{
	for (size_t i = 0; i < g->n; i++)
		if (!g->slots[i]->target->extra == !capturing)
			return true;
	return false;
}

/* Without BTF, forks are not watched. */
static uint32_t programs_of_rung(const struct attach *a, const struct attach_ops *ops)
{
	uint32_t forks = PROG_BIT(PROG_UPROBE_FORK) | PROG_BIT(PROG_UPROBE_RAW_FORK);

	return ops->programs |
	       (ops->swaps_return && features__has(a->features, FEATURE_BTF) ? forks : 0);
}

/* Programs of the chosen rungs, and of those below them that a refused target may end up with. */
static uint32_t programs_of(const struct attach *a, bool capturing)
{
	const struct attach_ops *forced = rung(a->mechanism);
	uint32_t programs = 0;

	for (size_t i = 0; i < a->ngroups; i++) {
		const struct attach_ops *ops = a->groups[i].ops;
		bool below = false;

		if (!has_capturing(&a->groups[i], capturing))
			continue;
		programs |= programs_of_rung(a, ops);
		for (size_t r = 0; r < ARRAY_SIZE(ladder) && ops != forced; r++) {
			if (below && ladder[r]->type == ops->type &&
			    !ladder[r]->unavailable(a->features))
				programs |= programs_of_rung(a, ladder[r]);
			below |= ladder[r] == ops;
		}
	}
	return programs;
}

void attach__params(const struct attach *a, struct object_params *p)
{
	p->ntargets = a->n;
	p->programs = programs_of(a, false);
	p->capturing_programs = programs_of(a, true);
	p->sites = a->sites;
	p->nsites = a->nsites;
	p->exits = a->exits;
	p->nexits = a->nexits;
	p->extras = a->extras;
	p->nextras = a->nextras;
}
