/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/generation.h"

#include <errno.h>
#include <sys/resource.h>

#include "attach/plan.h"
#include "base/progress.h"

/* Of probes with buckets of their own. */
static void set_layouts(struct generation *g)
{
	struct target *t;

	for_each_target (g->targets, t)
		if (t->settings && t->settings->buckets.given)
			t->layout =
				histogram_views__get(&g->views, g->layout, t->settings->buckets.v,
						     t->settings->buckets.n);
}

enum fault generation__plan(struct config *c, struct features *f, struct targets *targets,
			    unsigned number, uint64_t taken, struct generation **out, char **error)
{
	struct generation *g = xcalloc(1, sizeof(*g));
	int err;

	g->number = number;
	g->config = config__ref(c);
	g->targets = targets;
	err = config__layout(c, c->nlists, &g->layout, error);
	if (!err)
		err = histogram_layout__build(c->size_buckets, c->nsize_buckets, HISTOGRAM_INTEGERS,
					      &g->size_layout, error);
	if (err) {
		generation__free(g);
		return FAULT_CONFIG;
	}
	set_layouts(g);
	g->attach = plan__new(targets, f, c->mechanism);
	g->params = (struct object_params){
		.layout = g->layout,
		.cells = c->cells,
		.cpus = cpus__read(),
		.size_layout = g->size_layout,
		.memory_limit = c->memory_limit > taken ? c->memory_limit - taken : 0,
	};
	plan__params(g->attach, &g->params);
	memory_plan__make(&g->params, f, &g->memory);
	*out = g;
	return FAULT_NONE;
}

/* Whether the load could succeed if we held fewer resources. */
static enum fault fault_of(int err)
{
	struct rlimit locked;

	switch (err) {
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -ENOSPC:
		return FAULT_NO_ROOM;
	case -EPERM: /* RLIMIT_MEMLOCK limits maps before Linux 5.11 */
		if (!getrlimit(RLIMIT_MEMLOCK, &locked) && locked.rlim_cur != RLIM_INFINITY)
			return FAULT_NO_ROOM;
		break;
	}
	return FAULT_MACHINE;
}

enum fault generation__start(struct generation *g, struct features *f, char **error)
{
	int err;

	if (!g->params.programs && !g->params.capturing_programs)
		return FAULT_NONE;
	err = object__load(&g->params, f, &g->obj, error);
	if (err)
		return fault_of(err);
	g->labels = label_slots__new(g->obj, g->targets);
	g->live = attach__run(g->attach, g->obj);
	if (progress__poll())
		return fault__set(error, FAULT_STOPPING, PROGRESS_GIVEN_UP);
	g->missed = missed__new(g->attach, g->obj);
	g->scan = scan__new(g->attach, g->obj, f);
	return g->missed && g->scan ? FAULT_NONE
				    : fault__set(error, FAULT_MACHINE, "out of memory");
}

bool generation__is_attached(const struct generation *g, uint32_t id)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(g->attach, &n);

	return id < n && slots[id].attached;
}

bool generation__is_paused(const struct generation *g, uint32_t id)
{
	size_t n;
	const struct attach_slot *slots = attach__slots(g->attach, &n);

	return id < n && slots[id].paused;
}

unsigned generation__rounds(const struct generation *g, uint32_t id)
{
	size_t n;

	return attach__slots(g->attach, &n)[id].rounds;
}

void generation__pause(struct generation *g, const uint32_t *ids, size_t n)
{
	/* The kernel's counters are lost with the links. */
	missed__update(g->missed);
	attach__pause(g->attach, ids, n);
}

void generation__resume(struct generation *g, const uint32_t *ids, size_t n)
{
	attach__resume(g->attach, ids, n);
	for (size_t i = 0; i < n; i++)
		missed__restart(g->missed, ids[i]);
}

void generation__detach(struct generation *g, uint32_t id)
{
	attach__detach(g->attach, id);
	g->live--;
}

/* Before missed calls, which are published together with this. */
static void update_labels(struct generation *g, double now)
{
	label_slots__update(g->labels, now);
	for (uint32_t id = 0; id < g->targets->nids; id++) {
		const struct capture_spec *x = g->targets->v[id]->capture;

		if (x && x->nlabels)
			missed__set_sets_needed(g->missed, id, label_slots__needed(g->labels, id));
		if (x && x->keep == KEEP_TOP)
			missed__set_other_most(g->missed, id, label_slots__lost(g->labels, id));
	}
}

int generation__update(struct generation *g, double now)
{
	for (uint32_t id = 0; g->costs && id < g->targets->nids; id++)
		missed__set_overhead(g->missed, id, g->costs[id].spent);
	update_labels(g, now);
	return missed__update(g->missed);
}

void generation__name(struct generation *g, double now)
{
	if (g->labels)
		label_slots__name(g->labels, now);
}

void generation__free(struct generation *g)
{
	if (!g)
		return;
	missed__free(g->missed);
	free(g->costs);
	scan__free(g->scan);
	label_slots__free(g->labels);
	attach__free(g->attach);
	object__free(g->obj);
	targets__free(g->targets);
	histogram_views__free(&g->views);
	histogram_layout__free(g->layout);
	histogram_layout__free(g->size_layout);
	config__free(g->config);
	free(g);
}
