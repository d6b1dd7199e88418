/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A target that is wanted and attached, with every setting the same, stays where it is: nothing of
 * it is touched, so not a call of it is lost or counted twice. All others that are wanted become a
 * new generation, which is attached before anything is let go of; if that fails, it alone goes, and
 * nothing has changed.
 *
 * What shares a link with a function that is called too often is attached anew, and begins at 0:
 * the kernel cannot take one function out of a link, and a gap in the counts that nobody sees would
 * be worse than a reset that everybody does.
 */
#include "reconcile_internal.h"

#include <errno.h>

#include "discover.h"
#include "log.h"
#include "plan.h"
#include "valve.h"
#include "watch.h"

#define GENERATIONS_MAX 16 /* more, and all are made one anew */
#define VALVE_PERIOD	5.0
#define WATCH_PERIOD	2.0

struct reconcile {
	struct features *features;
	int tracefs;
	struct config *config; /* a reference; NULL before the first one */
	struct generation **generations;
	size_t n;
	unsigned made; /* generations, ever */
	struct view *view;
	struct watch *watch;
	struct valve *valve;
	bool changed; /* the view is not what it was, at the last change */
	double last_watch, last_valve;
};

struct reconcile *reconcile__new(struct features *f, int tracefs)
{
	struct reconcile *r = xcalloc(1, sizeof(*r));

	r->features = f;
	r->tracefs = tracefs;
	r->view = xcalloc(1, sizeof(*r->view));
	r->watch = watch__new();
	r->valve = valve__new();
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
	config__free(r->config);
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

/* ---- what is attached ---------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return target__compare(((const struct actual *)a)->target,
			       ((const struct actual *)b)->target);
}

static void list_actual(const struct reconcile *r, struct change *ch)
{
	for (size_t i = 0; i < r->n; i++) {
		struct generation *g = r->generations[i];

		for (uint32_t id = 0; id < g->targets->nids; id++) {
			if (!generation__is_attached(g, id))
				continue;
			*(struct actual *)array__grow(&ch->actual, &ch->nactual,
						      sizeof(*ch->actual)) = (struct actual){
				.target = g->targets->v[id],
				.generation = g,
				.hot = ch->occasion == OVERLOADED && valve__is_hot(r->valve, g, id),
				.moves = ch->occasion == OVERLOADED &&
					 valve__shares_link(r->valve, g, id),
			};
		}
	}
	if (ch->nactual)
		qsort(ch->actual, ch->nactual, sizeof(*ch->actual), by_name);
}

static struct actual *find_actual(struct change *ch, const struct target *t)
{
	struct actual key = { .target = t };

	return ch->nactual ? bsearch(&key, ch->actual, ch->nactual, sizeof(key), by_name) : NULL;
}

/* ---- wanted against actual ---------------------------------------------------------------------
 */

/* The targets leave `all`. */
static void take_wanted(struct change *ch, struct targets *all)
{
	ch->nwanted = all->n;
	ch->wanted = xcalloc(all->n, sizeof(*ch->wanted));
	for (size_t i = 0; i < all->n; i++)
		ch->wanted[i] = (struct wanted){ .target = all->v[i],
						 .max_rate = all->v[i]->settings->max_rate };
	all->n = 0;
	targets__free(all);
}

static void put_off(struct target *t, enum target_reason reason, char *why)
{
	free(t->why);
	t->reason = reason;
	t->why = why;
}

/* What was called too often, or was refused, is not tried again until somebody asks for it, or it
 * is another file. */
static bool stays_out(const struct reconcile *r, struct target *t)
{
	const struct view_row *row = view__find(r->view, t);
	const struct target *before = row ? row->state.target : NULL;

	if (!row || row->state.attached || !file_id__same(&before->file, &t->file) ||
	    (before->reason != REASON_OVERLOAD && before->reason != REASON_REFUSED))
		return false;
	put_off(t, before->reason, before->why ? xstrdup(before->why) : NULL);
	return true;
}

static bool may_stay(const struct change *ch, const struct actual *a, const struct target *t)
{
	return !ch->renew && !a->moves && config__same_cells(ch->config, a->generation->config) &&
	       target__same(a->target, t);
}

static void compare_one(struct reconcile *r, struct change *ch, struct wanted *w)
{
	struct targets *fresh = ch->fresh;
	struct actual *a;

	if (w->target->reason != REASON_NONE)
		return;
	if (ch->occasion != CONFIGURED && stays_out(r, w->target))
		return;
	a = find_actual(ch, w->target);
	if (a && a->hot) {
		put_off(w->target, REASON_OVERLOAD,
			xasprintf("it was called more than %llu times a second for ten seconds "
				  "(max_rate); a reload attaches it again",
				  (unsigned long long)w->max_rate));
		return;
	}
	if (a && may_stay(ch, a, w->target)) {
		a->stays = true;
		w->generation = a->generation;
		w->id = a->target->id;
		target__free(take_ptr(w->target));
		return;
	}
	w->id = w->target->id = fresh->nids++;
	fresh->v[fresh->n++] = w->target;
}

/* What stays is found, and what is new is collected, to be attached. */
static void compare(struct reconcile *r, struct change *ch)
{
	list_actual(r, ch);
	ch->fresh = xcalloc(1, sizeof(*ch->fresh));
	ch->fresh->v = xcalloc(ch->nwanted, sizeof(*ch->fresh->v));
	for (size_t i = 0; i < ch->nwanted; i++)
		compare_one(r, ch, &ch->wanted[i]);
}

static void free_change(struct change *ch)
{
	generation__free(ch->added);
	if (ch->fresh) {
		free(ch->fresh->v);
		free(ch->fresh);
	}
	for (size_t i = 0; i < ch->nwanted; i++)
		target__free(ch->wanted[i].target);
	free(ch->wanted);
	free(ch->actual);
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

/* Gives the fresh targets to a generation, and attaches them. -ENOSPC: there is no room beside the
 * others. */
static int attach_fresh(struct reconcile *r, struct change *ch, char **error)
{
	uint64_t others = memory_of_others(r, ch), limit = ch->config->memory_limit;
	struct targets *fresh = take_ptr(ch->fresh);
	int err;

	for (size_t i = 0; i < ch->nwanted; i++)
		if (ch->wanted[i].target && ch->wanted[i].target->reason == REASON_NONE)
			ch->wanted[i].target = NULL;
	err = generation__plan(ch->config, r->features, fresh, r->made, others, &ch->added, error);
	if (err)
		return err;
	r->made++;
	for (size_t i = 0; i < ch->nwanted; i++)
		if (!ch->wanted[i].target && !ch->wanted[i].generation)
			ch->wanted[i].generation = ch->added;
	*error = plan__over_limit(&ch->added->params, &ch->added->memory, others, limit);
	if (*error)
		return others ? -ENOSPC : -EINVAL;
	return generation__start(ch->added, r->features, error);
}

/* ---- the new view ------------------------------------------------------------------------------
 */

static struct view_row make_row(const struct reconcile *r, struct view *v, const struct wanted *w)
{
	struct view_row row = { .max_rate = w->max_rate };
	const struct target *t = wanted__target(w);
	const struct view_row *before = view__find(r->view, t);
	size_t n;

	if (wanted__is_attached(w)) {
		const struct attach_slot *slot = &attach__slots(w->generation->attach, &n)[w->id];

		row.generation = w->generation;
		row.state = (struct target_state){
			.target = t,
			.attached = true,
			.mechanism = slot->ops->name,
			.caveat = attach__caveat(w->generation->attach, slot),
			.created = slot->created,
		};
	} else {
		row.state.target = view__describe(v, t);
	}
	row.state.has_valve = w->max_rate;
	if (before)
		memcpy(row.state.detached, before->state.detached, sizeof(row.state.detached));
	return row;
}

/* Counts a detachment that nobody asked for. */
static void count_detached(struct view *v, const struct target *t)
{
	struct view_row *row = (struct view_row *)view__find(v, t);

	if (row && !row->state.attached)
		row->state.detached[row->state.target->reason]++;
}

static void let_go(struct reconcile *r, const struct change *ch, struct view *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < ch->nactual; i++) {
		const struct actual *a = &ch->actual[i];

		if (a->stays)
			continue;
		if (ch->occasion != CONFIGURED)
			count_detached(v, a->target);
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
	struct view *v = view__new(r->view, ch->nwanted);

	if (ch->added)
		*(struct generation **)array__grow(&r->generations, &r->n,
						   sizeof(*r->generations)) = take_ptr(ch->added);
	for (size_t i = 0; i < ch->nwanted; i++)
		v->rows[i] = make_row(r, v, &ch->wanted[i]);
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

static int try_change(struct reconcile *r, struct change *ch, char **error)
{
	struct discover_env env = { .tracefs = r->tracefs };
	struct targets *all;
	int err;

	err = discover__run(ch->config, &env, &all, error);
	if (err)
		return err;
	take_wanted(ch, all);
	ch->resolved = monotonic_seconds();
	compare(r, ch);
	if (ch->fresh->n && r->n >= GENERATIONS_MAX && !ch->renew)
		return -ENOSPC;
	if (ch->fresh->n)
		err = attach_fresh(r, ch, error);
	if (err)
		return err;
	change__report(ch, r->view);
	return change__judge(ch, !r->config, error);
}

static int change(struct reconcile *r, struct config *c, enum occasion occasion, char **error)
{
	struct change ch = { .config = c, .occasion = occasion };
	double start = monotonic_seconds();
	int err = try_change(r, &ch, error);

	if (err == -ENOSPC && r->n) {
		log_info("there is no room for more probes beside those that are attached: all are "
			 "attached anew, and begin at 0");
		free(take_ptr(*error));
		free_change(&ch);
		ch = (struct change){ .config = c, .occasion = occasion, .renew = true };
		err = try_change(r, &ch, error);
	}
	if (!err) {
		conclude(r, &ch);
		log__line(r->changed ? LOG_INFO : LOG_DEBUG,
			  "attached %zu of %zu probes in %.3f s, found in %.3f s",
			  view__count_attached(r->view), r->view->n,
			  monotonic_seconds() - ch.resolved, ch.resolved - start);
	}
	free_change(&ch);
	return err;
}

/* Is there anything that trying once more could attach? */
static bool is_all_attached(const struct reconcile *r)
{
	for (size_t i = 0; i < r->view->n; i++) {
		const struct target_state *st = &r->view->rows[i].state;

		if (!st->attached &&
		    (st->target->reason == REASON_OVERLOAD || st->target->reason == REASON_REFUSED))
			return false;
	}
	return true;
}

int reconcile__configure(struct reconcile *r, struct config *c, bool *changed, char **error)
{
	/* What it was like before it is looked at. */
	bool machine_changed = watch__machine_changed(r->watch);
	int err = 0;

	*error = NULL;
	*changed = false;
	if (!r->config || machine_changed || !config__same(r->config, c) || !is_all_attached(r)) {
		err = change(r, c, CONFIGURED, error);
		*changed = !err && r->changed;
	}
	if (err)
		return err;
	/* Its texts are where messages say that a setting was written. */
	config__ref(c);
	config__free(r->config);
	r->config = c;
	return 0;
}

static bool change_again(struct reconcile *r, enum occasion occasion)
{
	__cleanup_free char *error = NULL;

	if (!change(r, r->config, occasion, &error))
		return r->changed;
	log_error("the probes stay as they are: %s", error ? error : "unknown");
	return false;
}

bool reconcile__tick(struct reconcile *r, double now)
{
	bool changed = false;

	if (now - r->last_valve >= VALVE_PERIOD) {
		r->last_valve = now;
		if (valve__check(r->valve, r->view, now))
			changed |= change_again(r, OVERLOADED);
	}
	if (now - r->last_watch >= WATCH_PERIOD) {
		r->last_watch = now;
		if (watch__machine_changed(r->watch))
			changed |= change_again(r, MACHINE_CHANGED);
	}
	return changed;
}
