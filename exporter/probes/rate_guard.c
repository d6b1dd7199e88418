/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/rate_guard.h"

#include <sys/sysinfo.h>

#include "base/log.h"
#include "object/maps.h"

#define READINGS 16 /* kept; a window's worth, and more */

/* What a generation's targets were called, at several moments: also what a filter rejects costs. */
struct history {
	unsigned generation; /* its number */
	size_t n;
	double time[READINGS]; /* a ring */
	uint64_t *calls[READINGS];
	size_t taken;
	bool seen;
};

struct hot {
	const struct generation *generation;
	uint32_t id;
	char *why;
};

struct pause {
	unsigned generation; /* its number */
	uint32_t id;
	double length, until, resumed;
	bool counts; /* it has been resumed */
};

struct valve {
	struct history *histories;
	size_t n;
	unsigned ncpus;
	struct hot *hot;
	size_t nhot;
	struct pause *pauses;
	size_t npauses;
};

struct valve *valve__new(void)
{
	struct valve *v = xcalloc(1, sizeof(*v));

	v->ncpus = get_nprocs();
	return v;
}

static void forget_hot(struct valve *v)
{
	for (size_t i = 0; i < v->nhot; i++)
		free(v->hot[i].why);
	v->nhot = 0;
}

static void free_history(struct history *h)
{
	for (size_t i = 0; i < READINGS; i++)
		free(h->calls[i]);
}

void valve__free(struct valve *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->n; i++)
		free_history(&v->histories[i]);
	free(v->histories);
	forget_hot(v);
	free(v->hot);
	free(v->pauses);
	free(v);
}

static struct history *history_of(struct valve *v, const struct generation *g)
{
	struct history *h;

	for (size_t i = 0; i < v->n; i++)
		if (v->histories[i].generation == g->number)
			return &v->histories[i];
	h = array__grow(&v->histories, &v->n, sizeof(*h));
	h->generation = g->number;
	h->n = g->targets->nids;
	return h;
}

static void read_calls(struct history *h, struct generation *g, double now)
{
	size_t i = h->taken++ % READINGS;

	if (!h->calls[i])
		h->calls[i] = xcalloc(h->n, sizeof(*h->calls[i]));
	h->time[i] = now;
	object_maps__refresh(g->obj);
	snapshot__count_runs(object__banks(g->obj), h->calls[i]);
}

/* The latest reading that is at least a window before the last one; NULL: there is none yet. */
static const uint64_t *reading_before(const struct history *h, double *seconds)
{
	size_t last = h->taken - 1;

	for (size_t back = 1; back < READINGS && back <= last; back++) {
		size_t i = (last - back) % READINGS;

		*seconds = h->time[last % READINGS] - h->time[i];
		if (*seconds >= VALVE_WINDOW)
			return h->calls[i];
	}
	return NULL;
}

/* Calls a second. False: not known yet. */
static bool rate_of(struct valve *v, const struct view_row *row, double *rate)
{
	const struct history *h = history_of(v, row->generation);
	const uint64_t *now = h->calls[(h->taken - 1) % READINGS], *before;
	uint32_t id = row->state.target->id;
	double seconds;

	before = reading_before(h, &seconds);
	if (before)
		*rate = (now[id] - before[id]) / seconds;
	return before;
}

/* why is taken. */
static void add_hot(struct valve *v, const struct view_row *row, char *why)
{
	*(struct hot *)array__grow(&v->hot, &v->nhot, sizeof(*v->hot)) =
		(struct hot){ row->generation, row->state.target->id, why };
}

static void judge(struct valve *v, const struct view_row *row)
{
	double rate;

	if (!row->max_rate || !rate_of(v, row, &rate) || rate <= row->max_rate)
		return;
	log_warn("%s:%s is called %.0f times a second, more than its max_rate of %llu: it is "
		 "detached for a while",
		 row->state.target->object, row->state.target->function, rate,
		 (unsigned long long)row->max_rate);
	add_hot(v, row,
		xasprintf("it was called more than %llu times a second for ten seconds (max_rate)",
			  (unsigned long long)row->max_rate));
}

/* ---- all user functions together --------------------------------------------------------------
 */

struct user {
	const struct view_row *row;
	double rate, cost; /* CPU seconds a second */
};

static int busiest_first(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	return (y->cost > x->cost) - (y->cost < x->cost);
}

static bool counts_in_sum(const struct valve *v, const struct view_row *row)
{
	return row->state.target->type == TARGET_USER && !row->own_rate &&
	       !valve__why_hot(v, row->generation, row->state.target->id);
}

static size_t list_users(struct valve *v, const struct view *view, struct user *users)
{
	size_t n = 0;

	for (size_t i = 0; i < view->n; i++) {
		const struct view_row *row = &view->rows[i];
		double rate;

		if (!row->state.attached || row->state.again || !counts_in_sum(v, row) ||
		    !rate_of(v, row, &rate))
			continue;
		users[n++] = (struct user){
			row,
			rate,
			rate * VALVE_USER_CALL *
				(strcmp(row->state.mechanism, "uprobe.ret") ? 1 : 2),
		};
	}
	qsort(users, n, sizeof(*users), busiest_first);
	return n;
}

static void judge_sum(struct valve *v, const struct view *view)
{
	__cleanup_free struct user *users = xcalloc(view->n + 1, sizeof(*users));
	size_t n = list_users(v, view, users), paused = 0;
	double limit = v->ncpus * VALVE_USER_SHARE, sum = 0, rate = 0;

	for (size_t i = 0; i < n; i++) {
		sum += users[i].cost;
		rate += users[i].rate;
	}
	if (sum <= limit)
		return;
	for (; sum > limit / 2 && paused < n; paused++) {
		sum -= users[paused].cost;
		add_hot(v, users[paused].row,
			xasprintf("user functions were called %.0f times a second for ten seconds, "
				  "all together, and this was one of the busiest (it was called "
				  "%.0f times a second; give it a max_rate to leave it out of the "
				  "sum)",
				  rate, users[paused].rate));
	}
	log_warn(
		"user functions are called %.0f times a second, all together, which slows the "
		"programs down: the %zu busiest of %zu are detached for a while; narrow the globs, "
		"or give those that you need a max_rate",
		rate, paused, n);
}

static bool is_seen(const struct valve *v, unsigned generation)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->histories[i].generation == generation)
			return v->histories[i].seen;
	return false;
}

static void forget_gone(struct valve *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->npauses; i++)
		if (is_seen(v, v->pauses[i].generation))
			v->pauses[kept++] = v->pauses[i];
	v->npauses = kept;
	kept = 0;

	for (size_t i = 0; i < v->n; i++) {
		if (v->histories[i].seen)
			v->histories[kept++] = v->histories[i];
		else
			free_history(&v->histories[i]);
	}
	v->n = kept;
}

size_t valve__check(struct valve *v, const struct view *view, double now)
{
	forget_hot(v);
	for (size_t i = 0; i < v->n; i++)
		v->histories[i].seen = false;
	for (size_t i = 0; i < view->ngenerations; i++) {
		struct history *h = history_of(v, view->generations[i]);

		h->seen = true;
		read_calls(h, view->generations[i], now);
	}
	forget_gone(v);
	for (size_t i = 0; i < view->n; i++)
		if (view->rows[i].state.attached && !view->rows[i].state.again)
			judge(v, &view->rows[i]);
	judge_sum(v, view);
	return v->nhot;
}

const char *valve__why_hot(const struct valve *v, const struct generation *g, uint32_t id)
{
	for (size_t i = 0; i < v->nhot; i++)
		if (v->hot[i].generation == g && v->hot[i].id == id)
			return v->hot[i].why;
	return NULL;
}

/* ---- pauses -------------------------------------------------------------------------------- */

static struct pause *pause_of(const struct valve *v, const struct generation *g, uint32_t id)
{
	for (size_t i = 0; i < v->npauses; i++)
		if (v->pauses[i].generation == g->number && v->pauses[i].id == id)
			return &v->pauses[i];
	return NULL;
}

double valve__pause(struct valve *v, const struct generation *g, uint32_t id, double now)
{
	struct pause *p = pause_of(v, g, id);

	if (!p) {
		p = array__grow(&v->pauses, &v->npauses, sizeof(*p));
		*p = (struct pause){ .generation = g->number, .id = id };
	}
	if (!p->length || (p->counts && now - p->resumed >= VALVE_PAUSE_MAX))
		p->length = VALVE_PAUSE;
	else if (p->length * 2 < VALVE_PAUSE_MAX)
		p->length *= 2;
	else
		p->length = VALVE_PAUSE_MAX;
	p->until = now + p->length;
	p->counts = false;
	return p->length;
}

bool valve__is_due(const struct valve *v, const struct generation *g, uint32_t id, double now)
{
	const struct pause *p = pause_of(v, g, id);

	return !p || now >= p->until;
}

void valve__resumed(struct valve *v, const struct generation *g, uint32_t id, double now)
{
	struct pause *p = pause_of(v, g, id);

	if (!p)
		return;
	p->resumed = now;
	p->counts = true;
}
