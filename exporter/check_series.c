/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Renders an exposition without calls and counts its series, so that the number agrees with
 * expose/metrics.c. A few targets at a time: the text for all functions of a kernel would be
 * 180 MB.
 */
#include "check_series.h"

#include "base/buf.h"
#include "expose/text.h"
#include "expose/metrics.h"

#define BATCH 256

struct count {
	struct metrics_input in; /* points into this struct */
	struct target_state states[BATCH];
	struct snap_target snaps[BATCH];
	struct missed_target missed[BATCH];
	double max_cpu; /* of all probes together */
	uint64_t *words;
	struct buf text;
	size_t fixed; /* series without any target */
	size_t total;
};

static size_t lines(struct count *c)
{
	struct expo e;
	size_t n = 0;

	c->text.len = 0;
	expo__begin(&e, &expo_text, &c->text);
	metrics__write(&c->in, &e);
	expo__end(&e);
	for (const char *line = buf__str(&c->text); line && *line; line += strcspn(line, "\n") + 1)
		n += *line != '#';
	return n;
}

static void count_batch(struct count *c)
{
	if (c->in.ntargets)
		c->total += lines(c) - c->fixed;
	c->in.ntargets = 0;
}

/* Adds a target under its i-th name. ops: NULL if it cannot be attached. */
static void add(struct count *c, const struct target *t, size_t i, const struct attach_ops *ops)
{
	struct target_name name = target__name(t, i);
	size_t at;

	if (c->in.ntargets == BATCH)
		count_batch(c);
	at = c->in.ntargets++;
	c->states[at] = (struct target_state){
		.target = t,
		.object = name.object,
		.function = name.function,
		.probe = name.probe,
		.again = i,
		.has_max_rate = t->settings && t->settings->max_rate,
		.has_max_cpu = c->max_cpu || (t->settings && t->settings->max_cpu),
	};
	if (!ops)
		return;
	c->missed[at].reasons = ops->missed;
	c->states[at].attached = true;
	c->states[at].mechanism = ops->name;
	c->states[at].snap = &c->snaps[at];
	c->states[at].missed = &c->missed[at];
}

static struct count *new_count(const struct object_params *p)
{
	struct count *c = xcalloc(1, sizeof(*c));
	size_t cell = RP_CELL_BINS + p->layout->nbins;
	size_t hist = RP_HIST_GRID + p->size_layout->nbins + p->layout->nbins; /* enough for each */

	c->words = xcalloc(cell + (RP_OBSERVED + 1) * hist, sizeof(*c->words));
	for (size_t i = 0; i < BATCH; i++) {
		c->snaps[i].cell.words = c->words;
		c->snaps[i].cell.hists = c->words + cell;
	}
	c->in = (struct metrics_input){
		.layout = p->layout,
		.size_layout = p->size_layout,
		.targets = c->states,
		.hist_words = hist,
	};
	c->total = c->fixed = lines(c);
	return c;
}

size_t check_series__count(const struct generation *g)
{
	struct count *c = new_count(&g->params);
	size_t n, series;
	const struct attach_slot *slots = attach__slots(g->attach, &n);
	struct target *t;

	c->max_cpu = g->config->max_cpu;
	for_each_target (g->targets, t)
		for (size_t i = 0; i < target__nnames(t); i++)
			add(c, t, i, t->id < n ? slots[t->id].ops : NULL);
	count_batch(c);
	series = c->total;
	buf__free(&c->text);
	free(c->words);
	free(c);
	return series;
}
