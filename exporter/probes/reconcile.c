/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A wanted target that is attached with the same settings is not touched, so no call of it is lost
 * or counted twice. All other wanted targets become a new generation, which is attached before
 * anything is detached. If that fails, only the new generation goes, and nothing has changed.
 */
#include "probes/reconcile.h"

#include <fcntl.h>
#include <malloc.h>

#include "attach/mechanisms.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/progress.h"
#include "discover/discover.h"
#include "elf/soname.h"
#include "kernel/switches.h"
#include "kernel/tracefs.h"
#include "object/memory_plan.h"
#include "probes/compare.h"
#include "probes/in_progress.h"
#include "probes/overload.h"
#include "probes/replaced.h"
#include "probes/report.h"
#include "probes/rows.h"
#include "probes/scans.h"
#include "probes/selected.h"
#include "probes/switched_off.h"

#define GENERATIONS_MAX	  64 /* each has its own programs and in-flight memory */
#define WATCH_PERIOD	  2.0
#define RETRY_PERIOD	  30.0
#define FORMER_PERIOD	  10.0
#define PATIENCE	  1.0 /* seconds to wait for file systems during a reload */
#define PATIENCE_PROGRAMS 3.0 /* and for a walk through all processes */
#define PROGRAMS_SHARE	  0.2 /* of the time, for updates because of programs */

struct reconcile *reconcile__new(struct features *f, int tracefs,
				 void (*on_plan)(const struct generation *g))
{
	struct reconcile *r = xcalloc(1, sizeof(*r));

	r->features = f;
	r->tracefs = tracefs;
	r->on_plan = on_plan;
	r->table = xcalloc(1, sizeof(*r->table));
	r->watch = watch__new();
	r->programs = program_files__new(elf_soname__read);
	r->costs = costs__new(f);
	r->guard = rate_guard__new(r->costs);
	r->in_progress = in_progress__new();
	r->samples = kept_samples__new();
	r->switches = switches__new(open("/proc/sys/kernel", O_PATH | O_DIRECTORY | O_CLOEXEC),
				    tracefs__open_debugfs());
	return r;
}

void reconcile__free(struct reconcile *r)
{
	if (!r)
		return;
	probe_table__free(r->table);
	for (size_t i = 0; i < r->n; i++)
		generation__free(r->generations[i]);
	free(r->generations);
	watch__free(r->watch);
	program_files__free(r->programs);
	rate_guard__free(r->guard);
	costs__free(r->costs);
	in_progress__free(r->in_progress);
	kept_samples__free(r->samples);
	switches__free(r->switches);
	config__free(r->config);
	free(r->failed);
	free(r);
}

const struct probe_table *reconcile__table(const struct reconcile *r)
{
	return r->table;
}

int reconcile__update(struct reconcile *r, double now)
{
	int err = 0;

	for (size_t i = 0; i < r->n && !err; i++)
		err = generation__update(r->generations[i], now);
	return err;
}

void reconcile__scan(struct reconcile *r, double now)
{
	scans__run(r, now);
}

void reconcile__write_calls(struct reconcile *r, struct buf *out)
{
	in_progress__write(r->in_progress, r, out);
}

/* ---- new targets ------------------------------------------------------------------------- */

/* The memory of the generations that stay. */
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

static void detach_all(struct reconcile *r, struct change *ch);

/* Whether new targets lack descriptors. Targets that did so before are ignored: they are no reason
 * to restart the counters of the others at each reload. */
static bool lacks_files(const struct reconcile *r, const struct generation *g)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(g->attach, &n);

	for (size_t i = 0; i < n; i++)
		if (slots[i].lacks_files && !slots[i].attached &&
		    !probe_table__find_any(r->table, slots[i].target))
			return true;
	return false;
}

/* Moves the new targets to a generation and attaches them. */
static enum fault attach_new(struct reconcile *r, struct change *ch, char **error)
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
		detach_all(r, ch);
	costs__prepare(r->costs, ch->added, switches__off(r->switches));
	fault = generation__start(ch->added, r->features, error);
	/* At the start, as many are attached as there are descriptors for. */
	if (!fault && r->n && lacks_files(r, ch->added))
		return fault__set(error, FAULT_NO_ROOM, "not enough open files for the new probes");
	return fault;
}

/* ---- applying ------------------------------------------------------------------------------- */

static void detach_unwanted(struct reconcile *r, const struct change *ch, struct probe_table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < ch->nactual; i++) {
		const struct actual *a = &ch->actual[i];

		if (a->stays)
			continue;
		if (ch->occasion != CONFIGURED)
			probe_table__count_detached(table, a->target, REASON_NONE);
		log_debug("%s:%s: detached", a->target->object, a->target->function);
		generation__detach(a->generation, a->target->id);
	}
	for (size_t i = 0; i < r->n; i++) {
		if (r->generations[i]->live) {
			r->generations[kept++] = r->generations[i];
			continue;
		}
		probe_table__keep_totals(table, r->generations[i]);
		generation__free(r->generations[i]);
	}
	r->n = kept;
}

/* Detaches unwanted targets and makes the new probe table. */
static void conclude(struct reconcile *r, struct change *ch)
{
	struct probe_table *table = rows__make(r->table, ch);

	if (ch->added)
		*(struct generation **)array__grow(&r->generations, &r->n,
						   sizeof(*r->generations)) = take_ptr(ch->added);
	detach_unwanted(r, ch, table);
	probe_table__set_generations(table, r->generations, r->n);
	r->changed = !probe_table__same(r->table, table);
	probe_table__free(r->table);
	r->table = table;
	watch__follow(r->watch, table);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Makes room for new targets by detaching all others. */
static void detach_all(struct reconcile *r, struct change *ch)
{
	struct change none = { .config = r->config, .occasion = CONFIGURED };

	log_warn("not enough room to add probes; re-attaching all of them, counters restart at 0");
	compare__drop(&none, r);
	conclude(r, &none);
	change__free(&none);
	free(take_ptr(ch->actual));
	ch->nactual = 0;
}

static enum fault try_change(struct reconcile *r, struct change *ch, char **error)
{
	struct discover_env env = {
		.tracefs = r->tracefs,
		.programs = r->programs,
		.functions = mechanisms__may_be_by_functions(ch->config, r->features),
		.lenient = ch->occasion != CONFIGURED,
	};
	enum fault fault = FAULT_NONE;
	struct targets *all;

	if (discover__run(ch->config, &env, &all, error))
		return FAULT_CONFIG;
	compare__want(ch, all);
	ch->resolved = monotonic_seconds();
	compare__run(ch, r);
	if (ch->fresh->n && r->n >= GENERATIONS_MAX && !ch->renew)
		return fault__set(error, FAULT_NO_ROOM,
				  "probes have been added %zu times, which is the limit", r->n - 1);
	if (ch->fresh->n)
		fault = attach_new(r, ch, error);
	if (fault)
		return fault;
	replaced__follow(ch);
	selected__update(ch);
	if (ch->occasion == CONFIGURED)
		overload__resume_all(r);
	report__log(ch, r->table);
	return report__judge(ch, !r->config, error);
}

/* Everything was detached, but the new targets failed: attaches the previous ones again. If that
 * fails as well, it is tried later. */
static void restore(struct reconcile *r, struct change *ch)
{
	__cleanup_free char *error = NULL;

	change__free(ch);
	*ch = (struct change){ .config = r->config, .occasion = MACHINE_CHANGED };
	r->pending = true;
	free(r->failed);
	r->failed = xstrdup(""); /* the refusals may be of that failure, so try them again */
	if (try_change(r, ch, &error)) {
		log_error("nothing is attached now: %s; trying again", error ? error : "unknown");
		return;
	}
	conclude(r, ch);
	log_warn("the previous probes are attached again; their counters restarted at 0");
}

/* There is not enough room to add the new targets. A reload gets them by re-attaching everything,
 * which restarts all counters. A loaded module is not worth that. */
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

	log_debug("not enough room: %s", why);
	change__free(ch);
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
			  probe_table__count_attached(r->table), r->table->n,
			  monotonic_seconds() - ch.resolved, ch.resolved - start);
	}
	change__free(&ch);
	/* Discovery takes tens of megabytes, which forked servers would inherit. */
	malloc_trim(0);
	return fault;
}

/* Whether another attempt could not attach more. */
static bool is_all_attached(const struct reconcile *r)
{
	for (size_t i = 0; i < r->table->n; i++) {
		const struct target_state *st = &r->table->rows[i].state;

		if (!st->attached &&
		    (r->table->rows[i].generation || st->target->reason == REASON_REFUSED))
			return false;
	}
	return true;
}

static void select_programs(struct reconcile *r, const struct config *c)
{
	__cleanup_free const struct selection **v = xcalloc(c->nlists + 1, sizeof(*v));

	program_files__select(r->programs, v, config__selections(c, v));
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
	/* Notes changes up to now, before discovery looks at the machine. */
	r->pending |= watch__machine_changed(r->watch, monotonic_seconds(), PATIENCE);
	select_programs(r, c);
	r->pending |= program_files__tick(r->programs, monotonic_seconds(), PATIENCE_PROGRAMS);
	if (!r->config || r->pending || !config__same(r->config, c) || !is_all_attached(r))
		fault = change(r, c, CONFIGURED, error);
	*changed = r->changed;
	if (fault && r->config)
		select_programs(r, r->config);
	if (fault)
		return fault;
	/* Even if nothing changed: messages quote positions in the new files. */
	config__ref(c);
	config__free(r->config);
	r->config = c;
	return FAULT_NONE;
}

/* A new table of the same targets, some of which were paused, resumed, or switched off or on. */
static void show_again(struct reconcile *r)
{
	struct change ch = { .config = r->config, .occasion = MACHINE_CHANGED };

	compare__keep(&ch, r);
	conclude(r, &ch);
	change__free(&ch);
}

static bool change_again(struct reconcile *r, double now)
{
	char *error = NULL;
	bool known;

	r->changed = false;
	if (!change(r, r->config, MACHINE_CHANGED, &error))
		return r->changed;
	if (progress__poll()) { /* we are stopping */
		free(error);
		return false;
	}
	error = error ? error : xstrdup("unknown");
	known = r->failed && !strcmp(r->failed, error);
	log__line(known ? LOG_DEBUG : LOG_ERROR,
		  "cannot update the probes, they stay as they are: %s", error);
	free(r->failed);
	r->failed = error;
	r->pending = true;
	r->retry_at = now + RETRY_PERIOD;
	return r->changed;
}

/* Trampoline programs can miss calls on preemptible kernels. The model can change at run time. */
static bool preemption_changed(struct reconcile *r)
{
	if (!features__preemption_changed(r->features))
		return false;
	log_info("the kernel's preemption model has changed (sched/preempt): probes that are not "
		 "exact with it are re-attached by another mechanism, their counters restart at 0");
	return true;
}

/* Programs may come and go all the time, and each update takes a while. */
static bool check_programs(struct reconcile *r, double now)
{
	double start = monotonic_seconds();
	bool changed;

	r->programs_changed |= program_files__tick(r->programs, now, 0);
	if (!r->programs_changed || start < r->programs_next)
		return false;
	r->programs_changed = false;
	changed = change_again(r, now);
	r->programs_next = start + (monotonic_seconds() - start) / PROGRAMS_SHARE;
	return changed;
}

bool reconcile__tick(struct reconcile *r, double now)
{
	bool changed = false;

	r->now = now;
	for (size_t i = 0; i < r->n; i++)
		generation__name(r->generations[i], now);
	changed |= switched_off__check(r);
	if (now - r->last_former >= FORMER_PERIOD) {
		r->last_former = now;
		changed |= replaced__check(r);
	}
	if (now - r->last_guard >= RATE_GUARD_PERIOD) {
		r->last_guard = now;
		changed |= overload__check(r, now);
	}
	costs__tick(r->costs, r->table, r->off, now);
	if (changed)
		show_again(r);
	changed |= check_programs(r, now);
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
