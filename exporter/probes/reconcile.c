/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A target that is wanted and attached, with every setting the same, stays where it is: nothing of
 * it is touched, so not a call of it is lost or counted twice. All others that are wanted become a
 * new generation, which is attached before anything is let go of; if that fails, it alone goes, and
 * nothing has changed.
 *
 * What is called too often is paused, and keeps its place, too (probes/overload.c).
 */
#include "probes/internal.h"

#include <fcntl.h>
#include <malloc.h>

#include "attach/former.h"
#include "attach/mechanisms.h"
#include "discover/discover.h"
#include "base/log.h"
#include "base/progress.h"
#include "kernel/switches.h"
#include "kernel/tracefs.h"
#include "object/memory_plan.h"
#include "probes/rate_guard.h"
#include "probes/watch.h"

#define GENERATIONS_MAX 64 /* each has its programs and frames; more, and there is no room */
#define WATCH_PERIOD	2.0
#define RETRY_PERIOD	30.0
#define FORMER_PERIOD	10.0
#define PATIENCE	1.0 /* with file systems, when somebody waits */

struct reconcile *reconcile__new(struct features *f, int tracefs,
				 void (*on_plan)(const struct generation *g))
{
	struct reconcile *r = xcalloc(1, sizeof(*r));

	r->features = f;
	r->tracefs = tracefs;
	r->on_plan = on_plan;
	r->view = xcalloc(1, sizeof(*r->view));
	r->watch = watch__new();
	r->valve = valve__new();
	r->switches = switches__new(open("/proc/sys/kernel", O_PATH | O_DIRECTORY | O_CLOEXEC),
				    tracefs__open_debugfs());
	return r;
}

void reconcile__free(struct reconcile *r)
{
	if (!r)
		return;
	view__free(r->view);
	for (size_t i = 0; i < r->n; i++)
		generation__free(r->generations[i]);
	free(r->generations);
	watch__free(r->watch);
	valve__free(r->valve);
	switches__free(r->switches);
	config__free(r->config);
	free(r->failed);
	free(r);
}

const struct view *reconcile__view(const struct reconcile *r)
{
	return r->view;
}

int reconcile__update(struct reconcile *r, double now)
{
	int err = 0;

	for (size_t i = 0; i < r->n && !err; i++)
		err = generation__update(r->generations[i], now);
	return err;
}

/* ---- the fresh ones ------------------------------------------------------------------------- */

static void free_change(struct change *ch)
{
	generation__free(ch->added);
	if (ch->fresh) {
		free(ch->fresh->v);
		free(ch->fresh);
	}
	for (size_t i = 0; i < ch->nwanted; i++) {
		target__free(ch->wanted[i].target);
		target__free(ch->wanted[i].renamed);
	}
	free(ch->wanted);
	free(ch->actual);
	free(ch->follows);
}

/* Of the generations that will still be there. */
static uint64_t memory_of_others(const struct reconcile *r, const struct change *ch)
{
	uint64_t total = 0;

	for (size_t i = 0; i < r->n; i++) {
		bool stays = false;

		for (size_t k = 0; k < ch->nactual && !stays; k++)
			stays = ch->actual[k].stays &&
				ch->actual[k].generation == r->generations[i];
		total += stays ? r->generations[i]->memory.total : 0;
	}
	return total;
}

static void let_go_of_all(struct reconcile *r, struct change *ch);

/* Whether new targets are not attached for want of descriptors. Those of which that is known are
 * not worth the others' counters at each reload. */
static bool lacks_files(const struct reconcile *r, const struct generation *g)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(g->attach, &n);

	for (size_t i = 0; i < n; i++)
		if (slots[i].lacks_files && !slots[i].attached &&
		    !view__find_any(r->view, slots[i].target))
			return true;
	return false;
}

/* Gives the fresh targets to a generation, and attaches them. */
static enum fault attach_fresh(struct reconcile *r, struct change *ch, char **error)
{
	uint64_t others = memory_of_others(r, ch), limit = ch->config->memory_limit;
	struct targets *fresh = take_ptr(ch->fresh);
	enum fault fault;

	for (size_t i = 0; i < ch->nwanted; i++)
		if (ch->wanted[i].target && ch->wanted[i].target->reason == REASON_NONE)
			ch->wanted[i].target = NULL;
	fault = generation__plan(ch->config, r->features, fresh, r->made, others, &ch->added,
				 error);
	if (fault)
		return fault;
	r->made++;
	for (size_t i = 0; i < ch->nwanted; i++)
		if (!ch->wanted[i].target && !ch->wanted[i].generation)
			ch->wanted[i].generation = ch->added;
	*error = memory_plan__over_limit(&ch->added->params, &ch->added->memory, others, limit);
	if (*error)
		return others ? FAULT_NO_ROOM : FAULT_CONFIG;
	if (ch->occasion == CONFIGURED)
		r->on_plan(ch->added);
	attach__set_switched_off(ch->added->attach, switches__off(r->switches));
	if (ch->renew)
		let_go_of_all(r, ch);
	fault = generation__start(ch->added, r->features, error);
	/* Of the first ones, those are attached for which there are enough descriptors. */
	if (!fault && r->n && lacks_files(r, ch->added)) {
		*error = xstrdup("there are not enough open files for all of them");
		return FAULT_NO_ROOM;
	}
	return fault;
}

/* ---- the new view ------------------------------------------------------------------------------
 */

/* What is known of a target, by whatever name. */
static struct view_row make_row(const struct reconcile *r, struct view *v, const struct wanted *w)
{
	struct view_row row = { .max_rate = w->max_rate, .own_rate = w->own_rate };
	const struct target *t = wanted__target(w);
	size_t n;

	if (w->generation && generation__has(w->generation, w->id)) {
		const struct attach_slot *slot = &attach__slots(w->generation->attach, &n)[w->id];

		row.generation = w->generation;
		row.state = (struct target_state){
			.target = t,
			.attached = generation__is_attached(w->generation, w->id) &&
				    t->reason != REASON_DISABLED,
			.mechanism = slot->ops->name,
			.caveat = attach__caveat(w->generation->attach, slot),
			.created = slot->created,
			.former_files = former__count(w->generation->attach, w->id) + t->removed,
		};
	} else {
		row.state.target = view__describe(v, t);
	}
	row.state.has_valve = w->max_rate;
	return row;
}

/* How often each name was detached, or, of a new one, the function that it is a name of. */
static void go_on_counting(const struct reconcile *r, struct target_state *st)
{
	struct target_name name = { (char *)st->object, (char *)st->function };
	const struct view_row *before = view__find(r->view, st->target->type, &name);

	if (!before)
		before = view__find_any(r->view, st->target);
	if (before)
		memcpy(st->detached, before->state.detached, sizeof(st->detached));
}

/* Of all names of a target. Returns the row behind. */
static struct view_row *make_rows(const struct reconcile *r, struct view *v, struct view_row *row,
				  const struct wanted *w)
{
	const struct target *t = wanted__target(w);
	struct view_row first = make_row(r, v, w);

	for (size_t i = 0; i < target__nnames(t); i++, row++) {
		*row = first;
		row->state.again = i;
		row->state.object = xstrdup(target__name(t, i).object);
		row->state.function = xstrdup(target__name(t, i).function);
		go_on_counting(r, &row->state);
	}
	return row;
}

/* What stays is called as it is wanted now. Returns how many names there are. */
static size_t rename_targets(struct change *ch)
{
	size_t n = 0;

	for (size_t i = 0; i < ch->nwanted; i++) {
		struct wanted *w = &ch->wanted[i];

		if (w->renamed)
			target__swap_names((struct target *)wanted__target(w), w->renamed);
		n += target__nnames(wanted__target(w));
	}
	return n;
}

static void let_go(struct reconcile *r, const struct change *ch, struct view *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < ch->nactual; i++) {
		const struct actual *a = &ch->actual[i];

		if (a->stays)
			continue;
		if (ch->occasion != CONFIGURED)
			view__count_detached(v, a->target, REASON_NONE);
		log_debug("%s:%s: let go", a->target->object, a->target->function);
		generation__detach(a->generation, a->target->id);
	}
	for (size_t i = 0; i < r->n; i++) {
		if (r->generations[i]->live) {
			r->generations[kept++] = r->generations[i];
			continue;
		}
		view__keep_totals(v, r->generations[i]);
		generation__free(r->generations[i]);
	}
	r->n = kept;
}

/* What is not wanted goes, and what there is then is what is served. */
static void conclude(struct reconcile *r, struct change *ch)
{
	struct view *v = view__new(r->view, rename_targets(ch));
	struct view_row *row = v->rows;

	if (ch->added)
		*(struct generation **)array__grow(&r->generations, &r->n,
						   sizeof(*r->generations)) = take_ptr(ch->added);
	for (size_t i = 0; i < ch->nwanted; i++)
		row = make_rows(r, v, row, &ch->wanted[i]);
	view__index(v);
	let_go(r, ch, v);
	view__set_generations(v, r->generations, r->n);
	r->changed = !view__same(r->view, v);
	view__free(r->view);
	r->view = v;
	watch__follow(r->watch, v);
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

/* What is attached makes room for what is new, none of which is it. */
static void let_go_of_all(struct reconcile *r, struct change *ch)
{
	struct change none = { .config = r->config, .occasion = CONFIGURED };

	log_warn("there is no room for more probes beside those that are attached: detaching all "
		 "of them first; their counters restart at 0");
	change__drop(&none, r);
	conclude(r, &none);
	free_change(&none);
	free(take_ptr(ch->actual));
	ch->nactual = 0;
}

static enum fault try_change(struct reconcile *r, struct change *ch, char **error)
{
	struct discover_env env = {
		.tracefs = r->tracefs,
		.lenient = ch->occasion != CONFIGURED,
	};
	enum fault fault = FAULT_NONE;
	struct targets *all;

	if (discover__run(ch->config, &env, &all, error))
		return FAULT_CONFIG;
	change__want(ch, all);
	ch->resolved = monotonic_seconds();
	change__compare(ch, r);
	if (ch->fresh->n && r->n >= GENERATIONS_MAX && !ch->renew) {
		*error = xasprintf("%zu times probes have been added to those that were there",
				   r->n - 1);
		return FAULT_NO_ROOM;
	}
	if (ch->fresh->n)
		fault = attach_fresh(r, ch, error);
	if (fault)
		return fault;
	change__follow(ch);
	if (ch->occasion == CONFIGURED)
		reconcile__resume_all(r);
	change__report(ch, r->view);
	return change__judge(ch, !r->config, error);
}

/* After all has been detached in vain: what was wanted before is attached again. If that fails,
 * too, it is tried later. */
static void restore(struct reconcile *r, struct change *ch)
{
	__cleanup_free char *error = NULL;

	free_change(ch);
	*ch = (struct change){ .config = r->config, .occasion = MACHINE_CHANGED };
	r->pending = true;
	free(r->failed);
	r->failed = xstrdup(""); /* what has gone was not refused by itself */
	if (try_change(r, ch, &error)) {
		log_error("nothing is attached now: %s; trying again", error ? error : "unknown");
		return;
	}
	conclude(r, ch);
	log_warn("the probes that there were are attached again; their counters have restarted at "
		 "0");
}

/* There is no room for what is new beside what is attached. Whoever has asked for it gets it, at
 * the price of all counts; that a module has been loaded is not worth them. */
static enum fault change_without_room(struct reconcile *r, struct change *ch, char **error)
{
	__cleanup_free char *why = take_ptr(*error);
	struct change again = {
		.config = ch->config,
		.occasion = ch->occasion,
		.renew = ch->occasion != MACHINE_CHANGED,
		.full = ch->occasion == MACHINE_CHANGED ? why : NULL,
	};
	enum fault fault;

	log_debug("no room: %s", why);
	free_change(ch);
	*ch = again;
	fault = try_change(r, ch, error);
	ch->full = NULL;
	if (fault && fault != FAULT_STOPPING && again.renew && !r->n)
		restore(r, ch);
	return fault;
}

static enum fault change(struct reconcile *r, struct config *c, enum occasion occasion,
			 char **error)
{
	struct change ch = { .config = c, .occasion = occasion };
	double start = monotonic_seconds();
	enum fault fault = try_change(r, &ch, error);

	if (fault == FAULT_NO_ROOM && r->n)
		fault = change_without_room(r, &ch, error);
	if (!fault) {
		conclude(r, &ch);
		r->pending = false;
		free(take_ptr(r->failed));
		log__line(r->changed ? LOG_INFO : LOG_DEBUG,
			  "attached %zu of %zu probes in %.3f s, found in %.3f s",
			  view__count_attached(r->view), r->view->n,
			  monotonic_seconds() - ch.resolved, ch.resolved - start);
	}
	free_change(&ch);
	/* Finding takes tens of megabytes; what is left of that, servers would be forked with. */
	malloc_trim(0);
	return fault;
}

/* Is there anything that trying once more could attach? */
static bool is_all_attached(const struct reconcile *r)
{
	for (size_t i = 0; i < r->view->n; i++) {
		const struct target_state *st = &r->view->rows[i].state;

		if (!st->attached &&
		    (r->view->rows[i].generation || st->target->reason == REASON_REFUSED))
			return false;
	}
	return true;
}

enum fault reconcile__configure(struct reconcile *r, struct config *c, bool *changed, char **error)
{
	enum fault fault = FAULT_NONE;

	*error = NULL;
	*changed = r->changed = false;
	if (!r->config)
		fault = mechanisms__check_forced(c, r->features, error);
	if (fault)
		return fault;
	/* What it was like before it is looked at. */
	r->pending |= watch__machine_changed(r->watch, monotonic_seconds(), PATIENCE);
	if (!r->config || r->pending || !config__same(r->config, c) || !is_all_attached(r))
		fault = change(r, c, CONFIGURED, error);
	*changed = r->changed;
	if (fault)
		return fault;
	/* Its texts are where messages say that a setting was written. */
	config__ref(c);
	config__free(r->config);
	r->config = c;
	return FAULT_NONE;
}

/* The same targets, of which some have been paused or resumed, or switched off or on. */
static void show_again(struct reconcile *r)
{
	struct change ch = { .config = r->config, .occasion = MACHINE_CHANGED };

	change__keep(&ch, r);
	conclude(r, &ch);
	free_change(&ch);
}

static bool change_again(struct reconcile *r, double now)
{
	char *error = NULL;
	bool known;

	r->changed = false;
	if (!change(r, r->config, MACHINE_CHANGED, &error))
		return r->changed;
	if (progress__poll()) { /* all of it goes soon */
		free(error);
		return false;
	}
	error = error ? error : xstrdup("unknown");
	known = r->failed && !strcmp(r->failed, error);
	log__line(known ? LOG_DEBUG : LOG_ERROR, "the probes stay as they are for now: %s", error);
	free(r->failed);
	r->failed = error;
	r->pending = true;
	r->retry_at = now + RETRY_PERIOD;
	return r->changed;
}

/* Trampolines lose calls on a kernel that preempts itself, which can be switched at run time. */
static bool preemption_changed(struct reconcile *r)
{
	if (!features__preemption_changed(r->features))
		return false;
	log_info("the kernel's preemption model has changed (sched/preempt): what is not exact "
		 "with it is attached by another mechanism, and begins at 0");
	return true;
}

bool reconcile__tick(struct reconcile *r, double now)
{
	bool changed = false;

	r->now = now;
	for (size_t i = 0; i < r->n; i++)
		generation__name(r->generations[i], now);
	changed |= reconcile__mind_switches(r);
	if (now - r->last_former >= FORMER_PERIOD) {
		r->last_former = now;
		changed |= reconcile__mind_former(r);
	}
	if (now - r->last_valve >= VALVE_PERIOD) {
		r->last_valve = now;
		changed |= reconcile__mind_valve(r, now);
	}
	if (changed)
		show_again(r);
	if (now - r->last_watch >= WATCH_PERIOD || watch__is_looking(r->watch)) {
		r->last_watch = now;
		if (watch__machine_changed(r->watch, now, 0) | preemption_changed(r)) {
			r->pending = true;
			r->retry_at = now;
		}
		if (r->pending && now >= r->retry_at)
			changed |= change_again(r, now);
	}
	return changed;
}
