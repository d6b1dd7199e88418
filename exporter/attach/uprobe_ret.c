/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uprobe.ret: a uprobe at a user function's entry and at each of its exits, by multi links or else
 * by perf events. No return address is replaced, so it also suits programs that unwind, switch or
 * move their stacks.
 *
 * Exits are attached first and detached last, so that the exits of every counted entry are probed.
 * bpf/calls.bpf.h explains exits without an entry.
 */
#include "attach/batch.h"
#include "attach/site.h"
#include "attach/task_watch.h"
#include "elf/hazards.h"
#include "kernel/bpf_sys.h"
#include "kernel/kernel_btf.h"
#include "object/calls.h"

enum kind { KIND_RETURN, KIND_JUMP, KIND_ENTRY, KINDS };

static const int program_of[KINDS] = {
	[KIND_RETURN] = PROG_UPROBE_RET_RETURN,
	[KIND_JUMP] = PROG_UPROBE_RET_JUMP,
	[KIND_ENTRY] = PROG_UPROBE_RET_ENTRY,
};

/* The links or perf events of one or more targets. */
struct holder {
	int link[KINDS]; /* -1: none */
	struct perf_attachment *events;
	size_t nevents;
	size_t live; /* targets */
};

struct shared {
	struct task_watch task_exits;
	uint64_t *unwound; /* by target id */
	size_t n;
};

static const char *unavailable(struct features *f)
{
	const char *why = EXITS_UNAVAILABLE;

	if (why || features__has(f, FEATURE_UPROBE_MULTI))
		return why;
	return features__missing_of(f, FEATURE_BIT(FEATURE_TRACEFS) |
					       FEATURE_BIT(FEATURE_PERF_EVENTS) |
					       FEATURE_BIT(FEATURE_UPROBE_PMU));
}

static const char *unfit(const struct target *t)
{
	if (t->hazards & HAZARD_SPLIT_STACK)
		return "its stacks are split: it returns on another stack than it was called on";
	if (site__is_by_process(t) && !kernel_btf__get()->exists)
		return "its calls end with its process, and without BTF the kernel does not tell "
		       "when that ends";
	return t->followed ? t->unfollowed : "its exits are not known";
}

/* ---- sites ----------------------------------------------------------------------------------- */

struct site {
	uint64_t offset, cookie;
};

static bool ends_at_once(const struct target *t)
{
	return t->exits.n && t->exits.v[0].offset == t->offset && t->exits.v[0].is_jump;
}

/* Appends a target's sites of one kind to *sites. */
static void add_sites(const struct attach_slot *slot, enum kind kind, struct site **sites,
		      size_t *n)
{
	const struct target *t = slot->target;
	uint64_t spec = site__of_exits(t).spec, number = slot->first_exit;

	if (kind == KIND_ENTRY && !ends_at_once(t))
		*(struct site *)array__grow(sites, n, sizeof(**sites)) =
			(struct site){ t->offset, spec };
	for (size_t i = 0; i < t->exits.n && kind != KIND_ENTRY; i++) {
		const struct exit_site *e = &t->exits.v[i];
		uint64_t cookie = e->is_jump ? number++ : spec;

		if (e->is_jump == (kind == KIND_JUMP))
			*(struct site *)array__grow(sites, n, sizeof(**sites)) =
				(struct site){ e->offset, cookie };
	}
}

/* ---- by links -------------------------------------------------------------------------------- */

static int link_kind(struct attach_context *c, enum kind kind, struct attach_slot **slots, size_t n)
{
	const struct target *t = slots[0]->target;
	__cleanup_free struct site *sites = NULL;
	__cleanup_free uint64_t *offsets = NULL, *cookies = NULL;
	size_t nsites = 0;

	for (size_t i = 0; i < n; i++)
		add_sites(slots[i], kind, &sites, &nsites);
	if (!nsites)
		return -1;
	offsets = xcalloc(nsites, sizeof(*offsets));
	cookies = xcalloc(nsites, sizeof(*cookies));
	for (size_t i = 0; i < nsites; i++) {
		offsets[i] = sites[i].offset;
		cookies[i] = sites[i].cookie;
	}
	return bpf_sys__link_uprobes(
		programs__fd(object__programs(c->obj), program_of[kind], t->capture),
		BPF_SYS_UPROBE_MULTI, t->opened->path, offsets, cookies, nsites, false);
}

static void close_holder(struct holder *h)
{
	for (int kind = KINDS - 1; kind >= 0; kind--)
		cleanup__close(&h->link[kind]);
	while (h->nevents)
		perf_event__close(&h->events[--h->nevents]);
	free(h->events);
	free(h);
}

static struct holder *new_holder(size_t live)
{
	struct holder *h = xcalloc(1, sizeof(*h));

	for (int kind = 0; kind < KINDS; kind++)
		h->link[kind] = -1;
	h->live = live;
	return h;
}

/* Functions of one file. */
static int link_batch(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	struct holder *h = new_holder(n);

	for (int kind = 0; kind < KINDS; kind++) {
		int link = link_kind(c, kind, slots, n);

		if (link < -1) {
			close_holder(h);
			return link;
		}
		h->link[kind] = link;
	}
	slot__set_attached(slots, n, h);
	return 0;
}

/* ---- by perf events -------------------------------------------------------------------------- */

static int attach_site(struct attach_context *c, const struct attach_slot *slot, int prog,
		       const struct site *site, uint64_t cookie, struct holder *h)
{
	struct perf_attachment a;
	int event = perf_event__open_uprobe(slot->target->opened->path, site->offset, false);
	int err = perf_event__attach(event, prog, cookie, &a);

	if (!err)
		*(struct perf_attachment *)array__grow(&h->events, &h->nevents,
						       sizeof(*h->events)) = a;
	return err;
}

/* Without cookies, a clone has the descriptor or the jump's index in its code. */
static int attach_kind(struct attach_context *c, const struct attach_slot *slot, enum kind kind,
		       struct holder *h, enum attempt *at)
{
	struct program_site ps = site__of_exits(slot->target);
	__cleanup_free struct site *sites = NULL;
	uint64_t cookie = 0;
	size_t n = 0;
	int err = 0, prog = -1;

	add_sites(slot, kind, &sites, &n);
	for (size_t i = 0; i < n && !err; i++) {
		ps.spec = sites[i].cookie;
		if (prog < 0 || kind == KIND_JUMP)
			prog = programs__for_site(object__programs(c->obj), program_of[kind], &ps,
						  &cookie);
		*at = prog < 0 ? ATTEMPT_LOAD : ATTEMPT_UPROBE;
		if (prog < 0)
			return prog;
		err = attach_site(c, slot, prog, &sites[i], cookie, h);
	}
	return err;
}

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct holder *h = slot->state = new_holder(1);
	int err = 0;

	for (int kind = 0; kind < KINDS && !err; kind++)
		err = attach_kind(c, slot, kind, h, at);
	return err;
}

/* ---- attach_ops ------------------------------------------------------------------------------ */

static void close_shared(struct attach_context *c)
{
	struct shared *s = take_ptr(c->shared);

	task_watch__close(&s->task_exits);
	free(s->unwound);
	free(s);
}

static int open_shared(struct attach_context *c)
{
	struct shared *s = xcalloc(1, sizeof(*s));
	int err;

	s->n = object__banks(c->obj)->label_sets.first;
	s->unwound = xcalloc(s->n, sizeof(*s->unwound));
	c->shared = s;
	err = task_watch__open(c->features, c->obj, "sched", "sched_process_exit",
			       PROG_UPROBE_RET_EXIT, PROG_UPROBE_RET_RAW_EXIT, &s->task_exits);
	if (err)
		close_shared(c);
	return err;
}

static void attach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	if (features__has(c->features, FEATURE_UPROBE_MULTI))
		batch__attach(c, slots, n, link_batch);
	else
		batch__attach_each(c, slots, n);
}

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	struct holder *h = take_ptr(slot->state);

	if (!--h->live)
		close_holder(h);
}

/* Otherwise, once attached again, a later return could match a call from before. */
static void forget_calls(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	const struct shared *s = c->shared;
	__cleanup_free bool *gone = xcalloc(s->n, sizeof(*gone));

	for (size_t i = 0; i < n; i++)
		gone[slots[i]->target->id] |= !slots[i]->former;
	object_calls__forget(c->obj, gone);
}

/* Unwound calls: not counted by the kernel, but only this process can find them. */
static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	struct shared *s = c->shared;

	object_calls__sweep(c->obj, s->unwound);
	for (size_t i = 0; i < n; i++)
		out[slots[i]->target->id].missed[MISSED_UNWOUND] = s->unwound[slots[i]->target->id];
}

const struct attach_ops attach_uprobe_ret = {
	.name = "uprobe.ret",
	.type = TARGET_USER,
	.programs = PROG_BIT(PROG_UPROBE_RET_ENTRY) | PROG_BIT(PROG_UPROBE_RET_RETURN) |
		    PROG_BIT(PROG_UPROBE_RET_JUMP) | PROG_BIT(PROG_UPROBE_RET_EXIT) |
		    PROG_BIT(PROG_UPROBE_RET_RAW_EXIT),
	.either = PROG_BIT(PROG_UPROBE_RET_EXIT) | PROG_BIT(PROG_UPROBE_RET_RAW_EXIT),
	.missed = 1U << MISSED_NO_ENTRY | 1U << MISSED_UNWOUND,
	.unavailable = unavailable,
	.unfit = unfit,
	.open = open_shared,
	.close = close_shared,
	.attach = attach,
	.attach_one = attach_one,
	.detach = detach,
	.detached = forget_calls,
	.count = count,
	.shares_links = true,
};
