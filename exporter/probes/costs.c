/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/costs.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "attach/overhead.h"
#include "base/log.h"

/* The overhead of a mechanism. */
struct overhead {
	bool known; /* measured, or given up */
	double seconds;
};

struct costs {
	struct features *features;
	unsigned off;				  /* switches that are off */
	struct overhead overheads[MECHANISMS][2]; /* of a pair, and of a program at the return */
	bool traced;				  /* the tracepoints are in use */
	bool wanted;	/* a target that is called often has no times yet */
	bool called;	/* some target with a budget has been called */
	bool measuring; /* programs */
	bool told;	/* that programs cannot be measured */
	int stats;	/* a descriptor that keeps the kernel's statistics on; or why it does not */
	double measured;
};

struct costs *costs__new(struct features *f)
{
	struct costs *c = xcalloc(1, sizeof(*c));

	c->features = f;
	c->stats = -1;
	c->measured = -COSTS_REFRESH;
	return c;
}

void costs__free(struct costs *c)
{
	if (!c)
		return;
	if (c->stats >= 0)
		close(c->stats);
	free(c);
}

/* ---- mechanisms ------------------------------------------------------------------------------ */

static void measure(struct costs *c, const struct attach_ops *ops, bool only_return,
		    struct overhead *out)
{
	__cleanup_free char *why = NULL;
	int err = -EBUSY;

	out->known = true;
	if (ops == &attach_tracepoint && c->traced)
		why = xstrdup("its tracepoints are in use already; restart to measure them");
	else
		err = overhead__measure(ops, c->features, only_return, &out->seconds, &why);
	if (err)
		log_warn("cannot measure what %s costs, so its part is not in max_cpu and "
			 "retprobe_probe_overhead_seconds_total, and does not limit user "
			 "functions: %s",
			 ops->name, why ? why : strerror(-err));
	else
		log_debug("%s adds %.0f ns to a call%s, and the time of its programs", ops->name,
			  out->seconds * 1e9, only_return ? " without durations" : "");
}

/* How often its programs run in a call. Each point of a span counts as a call. */
static unsigned runs_of(const struct target *t)
{
	return t->untimed || t->type == TARGET_SPAN ? 1 : 2;
}

/* Points of a span may be anywhere. Those in files are much the dearest, so all count as such if
 * one is. */
static const struct attach_ops *mechanism_of(const struct attach_slot *slot)
{
	return slot->ops == &attach_span && slot->target->nfiles ? &attach_uprobe : slot->ops;
}

/* Seconds; 0: not known. */
static double overhead_of(struct costs *c, const struct attach_slot *slot)
{
	const struct attach_ops *ops = mechanism_of(slot);
	size_t i = 0;

	while (i < MECHANISMS && mechanisms[i] != ops)
		i++;
	if (i == MECHANISMS)
		return 0;
	if (!c->overheads[i][slot->target->untimed].known && !(ops->needs & c->off))
		measure(c, ops, slot->target->untimed, &c->overheads[i][slot->target->untimed]);
	return c->overheads[i][slot->target->untimed].seconds;
}

void costs__prepare(struct costs *c, const struct generation *g, unsigned off)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(g->attach, &n);
	bool traces = false;

	c->off = off;
	for (size_t i = 0; i < n; i++) {
		const struct probe_settings *s = slots[i].ops ? slots[i].target->settings : NULL;

		if (s && (s->max_cpu || g->config->max_cpu))
			overhead_of(c, &slots[i]);
		traces |= slots[i].ops == &attach_tracepoint;
	}
	c->traced |= traces;
}

double costs__of_call(struct costs *c, const struct generation *g, uint32_t id)
{
	size_t n;
	const struct attach_slot *slot = &attach__slots(g->attach, &n)[id];
	double programs = g->costs ? g->costs[id].per_run : 0;

	if (!slot->ops)
		return 0;
	return overhead_of(c, slot) + runs_of(slot->target) * programs;
}

/* ---- programs -------------------------------------------------------------------------------- */

void costs__resumed(struct costs *c, const struct generation *g, uint32_t id)
{
	c->wanted |= g->costs && g->costs[id].counted && !g->costs[id].timed;
}

void costs__note(struct costs *c, struct target_cost *cost, uint64_t calls)
{
	c->called |= calls;
	cost->untimed += cost->timed ? 0 : calls;
	c->wanted |= calls >= COSTS_MANY && !cost->timed;
}

/* Whether the target's programs have run while they were measured. */
static bool take_time(const struct generation *g, uint32_t id)
{
	struct target_cost *cost = &g->costs[id];
	struct program_counts now = attach__count_slot(g->attach, id);
	uint64_t runs = now.runs - cost->runs;

	if (now.runs <= cost->runs)
		return false;
	cost->per_run = (double)(now.run_ns - cost->run_ns) / 1e9 / (double)runs;
	cost->run_ns = now.run_ns;
	cost->runs = now.runs;
	cost->timed = true;
	cost->spent += (double)cost->untimed * runs_of(g->targets->v[id]) * cost->per_run;
	cost->untimed = 0;
	return true;
}

static void begin(struct costs *c)
{
	c->stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	c->measuring = true;
}

/* Where root has switched the statistics on, they need no descriptor. */
static void end(struct costs *c, const struct probe_table *table, double now)
{
	bool any = false;

	for (size_t i = 0; i < table->n; i++) {
		const struct probe_row *row = &table->rows[i];

		if (row->generation && row->generation->costs && row->state.attached &&
		    !row->state.again)
			any |= take_time(row->generation, row->state.target->id);
	}
	if (!any && c->stats < 0 && !c->told) {
		c->told = true;
		log_warn("cannot measure the run time of programs (%s), so only the cost of the "
			 "mechanisms is in max_cpu and retprobe_probe_overhead_seconds_total; "
			 "give the exporter CAP_SYS_ADMIN, or set kernel.bpf_stats_enabled=1",
			 strerror(-c->stats));
	}
	if (c->stats >= 0)
		close(c->stats);
	c->stats = -1;
	c->measuring = c->wanted = c->called = false;
	c->measured = now;
}

void costs__tick(struct costs *c, const struct probe_table *table, unsigned off, double now)
{
	bool due = now - c->measured >= COSTS_REFRESH;

	c->off = off;
	if (c->measuring)
		end(c, table, now);
	else if ((c->wanted && (!c->told || due)) || (c->called && due))
		begin(c);
}
