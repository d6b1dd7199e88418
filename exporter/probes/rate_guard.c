/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/rate_guard.h"

#include <math.h>
#include <sys/sysinfo.h>

#include "base/log.h"
#include "object/maps.h"

#define READINGS 16 /* more than a window's worth */

/* How often a generation's targets had been called, at several times. Filtered calls cost, too. Of
 * spans, it is how often their points were reached. */
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
	double pause; /* seconds; 0: as the last pauses suggest */
};

struct pause {
	unsigned generation; /* its number */
	uint32_t id;
	double length, until, resumed;
	bool counts; /* resumed */
};

struct rate_guard {
	struct costs *costs;
	struct history *histories;
	size_t n;
	unsigned ncpus;
	double checked; /* when; 0: never */
	double elapsed; /* CPU seconds of all CPUs since then */
	double debt;	/* CPU seconds beyond --max-cpu */
	struct hot *hot;
	size_t nhot;
	struct pause *pauses;
	size_t npauses;
};

struct rate_guard *rate_guard__new(struct costs *costs)
{
	struct rate_guard *guard = xcalloc(1, sizeof(*guard));

	guard->costs = costs;
	return guard;
}

static void forget_hot(struct rate_guard *guard)
{
	for (size_t i = 0; i < guard->nhot; i++)
		free(guard->hot[i].why);
	guard->nhot = 0;
}

static void free_history(struct history *h)
{
	for (size_t i = 0; i < READINGS; i++)
		free(h->calls[i]);
}

void rate_guard__free(struct rate_guard *guard)
{
	if (!guard)
		return;
	for (size_t i = 0; i < guard->n; i++)
		free_history(&guard->histories[i]);
	free(guard->histories);
	forget_hot(guard);
	free(guard->hot);
	free(guard->pauses);
	free(guard);
}

static struct history *history_of(struct rate_guard *guard, const struct generation *g)
{
	struct history *h;

	for (size_t i = 0; i < guard->n; i++)
		if (guard->histories[i].generation == g->number)
			return &guard->histories[i];
	h = array__grow(&guard->histories, &guard->n, sizeof(*h));
	h->generation = g->number;
	h->n = g->targets->nids;
	return h;
}

/* What begins counts at its begin and at its end; a begin that replaces another or finds no room
 * counts twice, too. */
static void count_points(const struct generation *g, uint64_t *calls)
{
	uint64_t events[RP_EVENT_MAX];

	for (uint32_t id = 0; id < g->targets->nids; id++) {
		if (g->targets->v[id]->type != TARGET_SPAN)
			continue;
		snapshot__events(object__banks(g->obj), id, events);
		calls[id] += events[RP_SPAN_BEGUN] + events[RP_SPAN_CANCELLED];
	}
}

static void read_calls(struct history *h, struct generation *g, double now)
{
	size_t i = h->taken++ % READINGS;

	if (!h->calls[i])
		h->calls[i] = xcalloc(h->n, sizeof(*h->calls[i]));
	h->time[i] = now;
	object_maps__refresh(g->obj);
	snapshot__count_runs(object__banks(g->obj), h->calls[i]);
	count_points(g, h->calls[i]);
}

/* The latest reading at least a window before the last one; NULL: none yet. */
static const uint64_t *reading_before(const struct history *h, double *seconds)
{
	size_t last = h->taken - 1;

	for (size_t back = 1; back < READINGS && back <= last; back++) {
		size_t i = (last - back) % READINGS;

		*seconds = h->time[last % READINGS] - h->time[i];
		if (*seconds >= RATE_GUARD_WINDOW)
			return h->calls[i];
	}
	return NULL;
}

/* Sets *rate to calls per second. False: not known yet. */
static bool rate_of(struct rate_guard *guard, const struct probe_row *row, double *rate)
{
	const struct history *h = history_of(guard, row->generation);
	const uint64_t *now = h->calls[(h->taken - 1) % READINGS], *before;
	uint32_t id = row->state.target->id;
	double seconds;

	before = reading_before(h, &seconds);
	if (before)
		*rate = (now[id] - before[id]) / seconds;
	return before;
}

/* Takes ownership of why. */
static void add_hot(struct rate_guard *guard, const struct probe_row *row, char *why, double pause)
{
	*(struct hot *)array__grow(&guard->hot, &guard->nhot, sizeof(*guard->hot)) =
		(struct hot){ row->generation, row->state.target->id, why, pause };
}

static const struct hot *find_hot(const struct rate_guard *guard, const struct generation *g,
				  uint32_t id)
{
	for (size_t i = 0; i < guard->nhot; i++)
		if (guard->hot[i].generation == g && guard->hot[i].id == id)
			return &guard->hot[i];
	return NULL;
}

static bool is_hot(const struct rate_guard *guard, const struct probe_row *row)
{
	return find_hot(guard, row->generation, row->state.target->id);
}

static void judge_rate(struct rate_guard *guard, const struct probe_row *row)
{
	double rate;

	if (!row->max_rate || !rate_of(guard, row, &rate) || rate <= row->max_rate)
		return;
	log_warn("%s:%s is called %.0f times a second, more than its max_rate of %llu: it is "
		 "detached for a while",
		 row->state.target->object, row->state.target->function, rate,
		 (unsigned long long)row->max_rate);
	add_hot(guard, row,
		xasprintf("it was called more than %llu times a second for ten seconds (max_rate)",
			  (unsigned long long)row->max_rate),
		0);
}

static bool is_attached(const struct probe_row *row)
{
	return row->state.attached && !row->state.again;
}

/* ---- CPU time -------------------------------------------------------------------------------- */

/* What the target's budget gains between two checks, and how long it needs to pay a debt. */
static double budget(const struct rate_guard *guard, double share)
{
	return share * guard->elapsed;
}

static double payback(const struct rate_guard *guard, double debt, double share)
{
	return fmax(RATE_GUARD_PAUSE, debt / (share * guard->ncpus));
}

/* Counts what its calls since the last check have cost. Earlier ones, from before it had a budget,
 * are no debt. */
static double charge(struct rate_guard *guard, const struct probe_row *row)
{
	const struct history *h = history_of(guard, row->generation);
	uint32_t id = row->state.target->id;
	struct target_cost *cost = &row->generation->costs[id];
	uint64_t calls = h->calls[(h->taken - 1) % READINGS][id], fresh = calls - cost->calls;
	double seconds;

	costs__note(guard->costs, cost, fresh);
	seconds = fresh ? (double)fresh * costs__of_call(guard->costs, row->generation, id) : 0;
	cost->spent += seconds;
	cost->recent = cost->counted ? seconds : 0;
	cost->debt = fmax(0, cost->debt + cost->recent - budget(guard, row->max_cpu));
	cost->counted = true;
	cost->calls = calls;
	return cost->recent;
}

static void charge_all(struct rate_guard *guard, const struct probe_table *table, double max_cpu)
{
	double sum = 0;

	for (size_t i = 0; i < table->n; i++) {
		const struct probe_row *row = &table->rows[i];
		struct generation *g = row->generation;

		if (!g || row->state.again)
			continue;
		if (!g->costs && row->state.has_max_cpu)
			g->costs = xcalloc(g->targets->nids, sizeof(*g->costs));
		if (row->state.has_max_cpu)
			sum += charge(guard, row);
		else if (g->costs)
			g->costs[row->state.target->id].counted = false;
	}
	guard->debt = fmax(0, guard->debt + sum - budget(guard, max_cpu));
}

static double recent_of(const struct probe_row *row)
{
	return row->state.has_max_cpu ? row->generation->costs[row->state.target->id].recent : 0;
}

static void judge_cpu(struct rate_guard *guard, const struct probe_row *row)
{
	double recent = recent_of(row), used = recent / guard->elapsed * 100;

	if (!row->max_cpu || recent <= budget(guard, row->max_cpu) || is_hot(guard, row))
		return;
	log_warn("%s:%s takes %.2g %% of the machine's CPU time, more than its max_cpu of %g %%: "
		 "it is detached for a while",
		 row->state.target->object, row->state.target->function, used, row->max_cpu * 100);
	add_hot(guard, row,
		xasprintf("its calls took %.2g %% of the machine's CPU time, more than max_cpu "
			  "(%g %%)",
			  used, row->max_cpu * 100),
		payback(guard, row->generation->costs[row->state.target->id].debt, row->max_cpu));
}

struct user {
	const struct probe_row *row;
	double rate, cost; /* cost: CPU seconds per second, or since the last check */
};

static int dearest_first(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	return (y->cost > x->cost) - (y->cost < x->cost);
}

/* Those that stay attached so far. Returns their number. */
static size_t list_dear(struct rate_guard *guard, const struct probe_table *table,
			struct user *users, double *sum)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++) {
		const struct probe_row *row = &table->rows[i];
		double recent = is_attached(row) && !is_hot(guard, row) ? recent_of(row) : 0;

		if (recent > 0)
			users[n++] = (struct user){ row, 0, recent };
		*sum += recent;
	}
	qsort(users, n, sizeof(*users), dearest_first);
	return n;
}

/* --max-cpu. What the others leave of it pays the debt. */
static void judge_all(struct rate_guard *guard, const struct probe_table *table, double max_cpu)
{
	__cleanup_free struct user *users = xcalloc(table->n + 1, sizeof(*users));
	double sum = 0, limit = budget(guard, max_cpu), used, left, pause;
	size_t n = list_dear(guard, table, users, &sum), paused = 0;

	if (sum <= limit)
		return;
	used = sum / guard->elapsed * 100;
	while (sum > limit && paused < n)
		sum -= users[paused++].cost;
	left = max_cpu - sum / guard->elapsed;
	pause = payback(guard, guard->debt, fmax(left, max_cpu / 4));
	for (size_t i = 0; i < paused; i++)
		add_hot(guard, users[i].row,
			xasprintf("all probes together took %.2g %% of the machine's CPU time, "
				  "more than --max-cpu (%g %%), and this was one of the most "
				  "expensive (%.2g %%)",
				  used, max_cpu * 100, users[i].cost / guard->elapsed * 100),
			pause);
	log_warn("all probes together take %.2g %% of the machine's CPU time, more than --max-cpu "
		 "of %g %%: the %zu most expensive of %zu are detached for a while",
		 used, max_cpu * 100, paused, n);
}

/* ---- all probes of programs together --------------------------------------------------------- */

static bool counts_in_sum(const struct rate_guard *guard, const struct probe_row *row)
{
	return target__traps(row->state.target) && !row->own_rate && !row->max_cpu &&
	       !is_hot(guard, row);
}

static size_t list_users(struct rate_guard *guard, const struct probe_table *table,
			 struct user *users)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++) {
		const struct probe_row *row = &table->rows[i];
		double rate;

		if (!is_attached(row) || !counts_in_sum(guard, row) ||
		    !rate_of(guard, row, &rate) || !(rate > 0))
			continue;
		users[n++] = (struct user){
			row,
			rate,
			rate * costs__of_call(guard->costs, row->generation, row->state.target->id),
		};
	}
	qsort(users, n, sizeof(*users), dearest_first);
	return n;
}

static void judge_sum(struct rate_guard *guard, const struct probe_table *table)
{
	__cleanup_free struct user *users = xcalloc(table->n + 1, sizeof(*users));
	size_t n = list_users(guard, table, users), paused = 0;
	double limit = guard->ncpus * RATE_GUARD_USER_SHARE, sum = 0, rate = 0;

	for (size_t i = 0; i < n; i++) {
		sum += users[i].cost;
		rate += users[i].rate;
	}
	if (sum <= limit)
		return;
	for (; sum > limit / 2 && paused < n; paused++) {
		sum -= users[paused].cost;
		add_hot(guard, users[paused].row,
			xasprintf("probes of programs were hit %.0f times a second in total for "
				  "ten seconds, and this was one of the busiest (it was hit %.0f "
				  "times a second; set its max_rate to leave it out of the sum)",
				  rate, users[paused].rate),
			0);
	}
	log_warn("probes of programs are hit %.0f times a second in total, which slows programs "
		 "down: the %zu busiest of %zu are detached for a while; narrow the globs, or set "
		 "max_rate for the functions that you need",
		 rate, paused, n);
}

static bool is_seen(const struct rate_guard *guard, unsigned generation)
{
	for (size_t i = 0; i < guard->n; i++)
		if (guard->histories[i].generation == generation)
			return guard->histories[i].seen;
	return false;
}

static void forget_gone(struct rate_guard *guard)
{
	size_t kept = 0;

	for (size_t i = 0; i < guard->npauses; i++)
		if (is_seen(guard, guard->pauses[i].generation))
			guard->pauses[kept++] = guard->pauses[i];
	guard->npauses = kept;
	kept = 0;

	for (size_t i = 0; i < guard->n; i++) {
		if (guard->histories[i].seen)
			guard->histories[kept++] = guard->histories[i];
		else
			free_history(&guard->histories[i]);
	}
	guard->n = kept;
}

size_t rate_guard__check(struct rate_guard *guard, const struct probe_table *table, double max_cpu,
			 double now)
{
	forget_hot(guard);
	guard->ncpus = get_nprocs();
	guard->elapsed = guard->checked ? (now - guard->checked) * guard->ncpus : 0;
	guard->checked = now;
	for (size_t i = 0; i < guard->n; i++)
		guard->histories[i].seen = false;
	for (size_t i = 0; i < table->ngenerations; i++) {
		struct history *h = history_of(guard, table->generations[i]);

		h->seen = true;
		read_calls(h, table->generations[i], now);
	}
	forget_gone(guard);
	charge_all(guard, table, max_cpu);
	for (size_t i = 0; i < table->n; i++) {
		if (!is_attached(&table->rows[i]))
			continue;
		judge_rate(guard, &table->rows[i]);
		judge_cpu(guard, &table->rows[i]);
	}
	if (max_cpu)
		judge_all(guard, table, max_cpu);
	else
		judge_sum(guard, table);
	return guard->nhot;
}

const char *rate_guard__why_hot(const struct rate_guard *guard, const struct generation *g,
				uint32_t id)
{
	const struct hot *hot = find_hot(guard, g, id);

	return hot ? hot->why : NULL;
}

/* ---- pauses -------------------------------------------------------------------------------- */

static struct pause *pause_of(const struct rate_guard *guard, const struct generation *g,
			      uint32_t id)
{
	for (size_t i = 0; i < guard->npauses; i++)
		if (guard->pauses[i].generation == g->number && guard->pauses[i].id == id)
			return &guard->pauses[i];
	return NULL;
}

double rate_guard__pause(struct rate_guard *guard, const struct generation *g, uint32_t id,
			 double now)
{
	const struct hot *hot = find_hot(guard, g, id);
	struct pause *p = pause_of(guard, g, id);

	if (!p) {
		p = array__grow(&guard->pauses, &guard->npauses, sizeof(*p));
		*p = (struct pause){ .generation = g->number, .id = id };
	}
	if (hot && hot->pause) {
		p->until = now + hot->pause;
		return hot->pause;
	}
	if (!p->length || (p->counts && now - p->resumed >= RATE_GUARD_PAUSE_MAX))
		p->length = RATE_GUARD_PAUSE;
	else if (p->length * 2 < RATE_GUARD_PAUSE_MAX)
		p->length *= 2;
	else
		p->length = RATE_GUARD_PAUSE_MAX;
	p->until = now + p->length;
	p->counts = false;
	return p->length;
}

bool rate_guard__is_due(const struct rate_guard *guard, const struct generation *g, uint32_t id,
			double now)
{
	const struct pause *p = pause_of(guard, g, id);

	return !p || now >= p->until;
}

void rate_guard__resumed(struct rate_guard *guard, const struct generation *g, uint32_t id,
			 double now)
{
	struct pause *p = pause_of(guard, g, id);

	if (!p)
		return;
	p->resumed = now;
	p->counts = true;
}
