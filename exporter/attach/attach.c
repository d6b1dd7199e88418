/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Carries out the plan. Each mechanism in turn attaches its targets. A target that the kernel
 * refuses goes to the next mechanism that supports it.
 */
#include "attach/attach.h"

#include <errno.h>
#include <fcntl.h>

#include "attach/choice.h"
#include "attach/former.h"
#include "attach/by_function.h"
#include "attach/site.h"
#include "attach/state.h"
#include "base/log.h"
#include "base/progress.h"

#define SERVER_FILES 16 /* descriptors that starting a server takes: its channels */

/* Refuses the targets whose programs the kernel did not load, and moves them behind the others.
 * Returns the number of the others. */
static size_t refuse_unloaded(struct group *g)
{
	struct programs *programs = object__programs(g->context.obj);
	__cleanup_free struct attach_slot **out = xcalloc(g->n + 1, sizeof(*out));
	size_t kept = 0, nout = 0;

	for (size_t i = 0; i < g->n; i++) {
		struct attach_slot *slot = g->slots[i];
		uint64_t used = slot->target->untimed ? g->ops->counting : g->ops->programs;
		int err =
			programs__refusal(programs, used & ~g->ops->either, slot->target->capture);
		__cleanup_free char *advice = NULL;

		if (!err) {
			g->slots[kept++] = slot;
			continue;
		}
		advice = advice__of(ATTEMPT_LOAD, err, (struct demand){});
		slot__refuse(slot, err,
			     xasprintf("the kernel does not load the programs of %s: %s",
				       g->ops->name, advice));
		out[nout++] = slot;
	}
	memcpy(g->slots + kept, out, nout * sizeof(*out));
	return kept;
}

void attach__set_switched_off(struct attach *a, unsigned off)
{
	a->off = off;
}

/* Whether attaching has to wait because something that it needs is switched off. */
static bool put_off(const struct attach *a, const struct group *g, struct attach_slot **slots,
		    size_t n)
{
	enum switch_bit off = switches__first(a->off & g->ops->needs);

	for (size_t i = 0; i < n && off; i++) {
		struct target *t = slots[i]->target;

		slots[i]->paused = true;
		target__set_reason(t, REASON_DISABLED, switches__why(off));
		t->switched_off = off;
	}
	return off;
}

static void attach_group(struct attach *a, struct group *g, struct object *obj)
{
	size_t n;

	g->context.obj = obj;
	n = refuse_unloaded(g);
	n = by_function__refuse(a, g, obj, n);
	if (!n || put_off(a, g, g->slots, n) || group__open(g))
		return;
	group__attach(g, g->slots, n);
	group__drop_changed(g, g->slots, n);
}

/* Moves the targets that a mechanism could not attach to the next one that supports them. */
static void fall_back(struct attach *a, struct group *g)
{
	size_t kept = 0;

	by_function__settle(a, g);
	for (size_t i = 0; i < g->n; i++) {
		struct attach_slot *slot = g->slots[i];
		const struct attach_ops *refused_by = slot->ops;

		if (slot->paused)
			continue;
		/* A system call goes to the tracepoints at once. */
		if (!slot->attached)
			choice__make(a, slot,
				     by_function__is_one(slot) ? &attach_kretprobe : refused_by);
		if (slot->attached || !slot->ops) {
			slot->ops = refused_by;
			g->slots[kept++] = slot;
			continue;
		}
		log_debug("%s: %s; trying %s", slot->target->function, slot->target->why,
			  slot->ops->name);
		target__set_reason(slot->target, REASON_NONE, NULL);
		group__add(groups__of(&a->groups, slot->ops, a->features), slot);
	}
	g->n = kept;
}

/* A forked child returns from functions that its parent entered (bpf/inherited.bpf.h). */
static void watch_forks(struct attach *a, struct object *obj)
{
	__cleanup_free char *advice = NULL;
	int err;

	if (a->watches_forks)
		return;
	a->watches_forks = true;
	if (!features__has(a->features, FEATURE_BTF))
		return;
	err = task_watch__open(a->features, obj, "task", "task_newtask", PROG_UPROBE_FORK,
			       PROG_UPROBE_RAW_FORK, &a->forks);
	if (!err)
		return;
	advice = advice__of(ATTEMPT_EVENT, err, (struct demand){});
	log_warn("cannot watch forks: %s. A child that is forked inside a probed user function "
		 "returns from it, and that return counts as a missed call (no_entry)",
		 advice);
}

/* Without durations, nothing is known of a child's calls, and forks need not be watched. */
static bool has_timed(const struct group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (!g->slots[i]->target->untimed)
			return true;
	return false;
}

/* Warns once, with the number, if the descriptors do not suffice for all targets. */
static void warn_of_files(const struct attach *a)
{
	size_t needed = 0, functions = 0;
	struct machine m;

	for (size_t i = 0; i < a->groups.n; i++) {
		needed += a->groups.v[i].n * a->groups.v[i].ops->files;
		functions += a->groups.v[i].ops->files ? a->groups.v[i].n : 0;
	}
	if (!needed)
		return;
	machine__look(&m);
	if (m.files >= m.files_open + needed + SERVER_FILES)
		return;
	log_warn("%zu functions need about %zu open files, and %zu are allowed: some will not be "
		 "attached; raise the hard limit (ulimit -Hn, or LimitNOFILE= of the unit)",
		 functions, (size_t)m.files_open + needed + SERVER_FILES, (size_t)m.files);
}

/* Descriptors that targets must not use up: without a server, nothing is exported. */
struct reserve {
	int fds[SERVER_FILES];
	size_t n;
};

static void give_back(struct reserve *r)
{
	while (r->n)
		close(r->fds[--r->n]);
}

static void keep_for_server(struct reserve *r)
{
	for (r->n = 0; r->n < SERVER_FILES; r->n++) {
		r->fds[r->n] = open("/", O_PATH | O_CLOEXEC);
		if (r->fds[r->n] < 0)
			break;
	}
}

/* In the order of the mechanisms, so that a group is complete when it is attached. */
size_t attach__run(struct attach *a, struct object *obj)
{
	__attribute__((cleanup(give_back))) struct reserve reserve;
	size_t attached = 0;

	warn_of_files(a);
	keep_for_server(&reserve);
	for (size_t r = 0; r < MECHANISMS; r++) {
		for (size_t i = 0; i < a->groups.n; i++) {
			struct group *g = &a->groups.v[i];

			if (g->ops != mechanisms[r] || g->n == 0)
				continue;
			if (g->ops->swaps_return && has_timed(g))
				watch_forks(a, obj);
			attach_group(a, g, obj);
			if (progress__poll())
				return 0;
			fall_back(a, g);
		}
	}
	by_function__publish(a);
	for (size_t i = 0; i < a->n; i++) {
		attached += a->slots[i].attached || a->slots[i].paused;
		if (!a->slots[i].attached)
			continue;
		log_debug("%s: attached by %s", a->slots[i].target->function,
			  a->slots[i].ops->name);
	}
	return attached;
}

/* As long as paused targets may come back, a group keeps its counts. */
static void close_if_unused(const struct attach *a, struct group *g)
{
	bool needed = g->n;

	for (size_t i = 0; i < a->n && g->ops->shares_links; i++)
		needed |= a->slots[i].paused && a->slots[i].ops == g->ops;
	if (!needed)
		group__close(g);
}

void attach__detach(struct attach *a, uint32_t id)
{
	struct attach_slot *slot = &a->slots[id];
	struct group *g = groups__of(&a->groups, slot->ops, a->features);

	if (slot->attached)
		group__take_out(g, &slot, 1);
	slot->paused = false;
	former__detach(a, id);
	close_if_unused(a, g);
	by_function__publish(a);
}

/* ---- for a while --------------------------------------------------------------------------- */

/* Attaches detached targets of a group again. They go on counting, so created stays. */
static void attach_again(const struct attach *a, struct group *g, struct attach_slot **slots,
			 size_t n)
{
	__cleanup_free double *created = xcalloc(n, sizeof(*created));
	__cleanup_free struct attach_slot **again = xcalloc(n, sizeof(*again));
	int err;

	if (put_off(a, g, slots, n))
		return;
	memcpy(again, slots, n * sizeof(*again)); /* mechanisms sort them */
	for (size_t i = 0; i < n; i++) {
		created[i] = slots[i]->created;
		slots[i]->rounds++;
		target__set_reason(slots[i]->target, REASON_NONE, NULL);
		group__add(g, slots[i]);
	}
	err = g->open ? 0 : group__open(g);
	if (!err)
		group__attach(g, again, n);
	by_function__detach_incomplete(g, slots, n);
	for (size_t i = 0; i < n; i++) {
		if (created[i])
			slots[i]->created = created[i];
		slots[i]->paused = !slots[i]->attached;
	}
	group__take_out(g, NULL, 0);
}

static bool is_one_of(uint32_t id, const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool shares_link(const struct group *g, const struct attach_slot *slot,
			const struct attach *a, const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n && g->ops->shares_links; i++)
		if (a->slots[ids[i]].ops == g->ops && a->slots[ids[i]].state == slot->state)
			return true;
	return false;
}

static void pause_in_group(struct attach *a, struct group *g, const uint32_t *ids, size_t n)
{
	__cleanup_free struct attach_slot **out = xcalloc(g->n + 1, sizeof(*out));
	__cleanup_free struct attach_slot **again = xcalloc(g->n + 1, sizeof(*again));
	size_t nout = 0, nagain = 0;

	for (size_t i = 0; i < g->n; i++) {
		struct attach_slot *slot = g->slots[i];

		if (!slot->attached)
			continue;
		slot->paused = is_one_of(slot->target->id, ids, n);
		if (slot->paused)
			out[nout++] = slot;
		else if (shares_link(g, slot, a, ids, n))
			out[nout++] = again[nagain++] = slot;
	}
	if (!nout)
		return;
	group__take_out(g, out, nout);
	if (nagain)
		attach_again(a, g, again, nagain);
	close_if_unused(a, g);
}

void attach__pause(struct attach *a, const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < a->groups.n; i++)
		if (a->groups.v[i].open)
			pause_in_group(a, &a->groups.v[i], ids, n);
	by_function__publish(a);
}

static bool is_to_resume(const struct attach_slot *slot, const struct group *g, const uint32_t *ids,
			 size_t n)
{
	return slot->paused && slot->ops == g->ops && is_one_of(slot->target->id, ids, n);
}

void attach__resume(struct attach *a, const uint32_t *ids, size_t n)
{
	__cleanup_free struct attach_slot **slots = xcalloc(n + a->nformer + 1, sizeof(*slots));

	for (size_t i = 0; i < a->groups.n; i++) {
		struct group *g = &a->groups.v[i];
		size_t found = 0;

		for (size_t k = 0; k < n; k++)
			if (is_to_resume(&a->slots[ids[k]], g, ids, n))
				slots[found++] = &a->slots[ids[k]];
		for (size_t k = 0; k < a->nformer; k++)
			if (is_to_resume(&a->former[k]->slot, g, ids, n))
				slots[found++] = &a->former[k]->slot;
		if (found)
			attach_again(a, g, slots, found);
	}
	by_function__publish(a);
}

void attach__free(struct attach *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->groups.n; i++) {
		group__close(&a->groups.v[i]);
		free(a->groups.v[i].slots);
	}
	task_watch__close(&a->forks);
	by_function__close(a);
	former__free(a);
	free(a->slots);
	free(a->sites);
	free(a->scan.ranges);
	free(a->exits);
	free(a->extras);
	free(a->first_hists);
	free(a);
}

const char *attach__caveat(const struct attach *a, const struct attach_slot *slot)
{
	return slot->ops->caveat ? slot->ops->caveat(a->features) : slot->ops->lossy;
}

const struct attach_slot *attach__slots(const struct attach *a, size_t *n)
{
	*n = a->n;
	return a->slots;
}

void attach__count(struct attach *a, struct kernel_counts *out)
{
	for (size_t i = 0; i < a->groups.n; i++) {
		struct group *g = &a->groups.v[i];

		if (g->open && g->ops->count)
			g->ops->count(&g->context, g->slots, g->n, out);
	}
}

static void count_site(const struct group *g, const struct attach_slot *slot,
		       struct program_counts *sum)
{
	const struct target *t = slot->target;
	struct program_site site =
		slot->ops == &attach_uprobe_ret ? site__of_exits(t) : site__of(t);
	uint64_t used = t->untimed ? slot->ops->counting : slot->ops->programs;

	for (int p = 0; p < PROG_MAX; p++)
		if (used & PROG_BIT(p))
			programs__count_site(object__programs(g->context.obj), p, &site, sum);
}

/* Clones of a system call's functions are different ones; other programs are shared. */
struct program_counts attach__count_slot(struct attach *a, uint32_t id)
{
	const struct attach_slot *slot = &a->slots[id];
	struct program_counts sum = {};
	struct group *g;

	if (!slot->attached)
		return sum;
	g = groups__of(&a->groups, slot->ops, a->features);
	count_site(g, slot, &sum);
	for (size_t i = 0; i < a->nformer && slot->ops->by_btf_id; i++)
		if (a->former[i]->target->id == id)
			count_site(g, &a->former[i]->slot, &sum);
	return sum;
}

static void count_group(const struct group *g, struct attach_program_counts *out)
{
	const struct programs *programs = object__programs(g->context.obj);

	*out = (struct attach_program_counts){
		.mechanism = g->ops->name,
		.shared = !g->ops->count,
		.skips_twice = g->ops->skips_twice && g->ops->skips_twice(g->context.features),
		.entered = g->ops->entered,
		.reasons = g->ops->missed_shared,
	};
	if (g->ops->returns)
		out->reasons |= 1U << MISSED_RECURSION;
	for (int id = 0; id < PROG_MAX; id++) {
		struct program_counts c;

		if (!((g->ops->programs | g->ops->counting) & PROG_BIT(id)))
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

	/* The order of groups never changes. */
	for (size_t i = 0; i < a->groups.n; i++)
		if (a->groups.v[i].was_open)
			count_group(&a->groups.v[i], &out[n++]);
	return n;
}
