/* SPDX-License-Identifier: GPL-2.0-only */
#include "collect.h"

#include <errno.h>
#include <pthread.h>

struct reading {
	int refs;
	struct snapshot *snapshot;
	struct losses_view losses;
	struct losses_target *losses_targets; /* own copies: the next reading changes the source */
	struct losses_shared losses_shared[ATTACH_MECHANISMS_MAX];
	struct metrics_bpf_stats stats[ATTACH_MECHANISMS_MAX];
	size_t nstats;
};

struct collector {
	const struct bpfobj *obj;
	struct losses *losses;
	struct target_state *states;
	size_t nstates;

	pthread_mutex_t lock;
	pthread_cond_t done;
	bool running;
	uint64_t begun, finished; /* readings, numbered from 1 */
	struct reading *latest;	  /* number `finished`; NULL if it failed */
	int error;
};

struct collector *collector__new(const struct targets *targets, struct attach *a,
				 const struct bpfobj *obj)
{
	struct collector *c = xcalloc(1, sizeof(*c));
	size_t nslots;
	const struct attach_slot *slots = attach__slots(a, &nslots);
	struct target *t;

	c->obj = obj;
	c->losses = losses__new(a, obj);
	c->nstates = targets->n;
	c->states = xcalloc(targets->n, sizeof(*c->states));
	for_each_target (targets, t) {
		struct target_state *s = &c->states[__i];

		s->target = t;
		if (t->id >= nslots || !slots[t->id].attached)
			continue;
		s->attached = true;
		s->mechanism = slots[t->id].ops->name;
		s->caveat = attach__caveat(a, &slots[t->id]);
		s->created = slots[t->id].created;
	}
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->done, NULL);
	return c;
}

static void free_reading(struct reading *r)
{
	if (!r)
		return;
	snapshot__free(r->snapshot);
	free(r->losses_targets);
	free(r);
}

static void unref(struct reading *r)
{
	if (r && !--r->refs)
		free_reading(r);
}

void collector__free(struct collector *c)
{
	if (!c)
		return;
	losses__free(c->losses);
	unref(c->latest);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->done);
	free(c->states);
	free(c);
}

static int copy_losses(struct reading *r, const struct losses_view *v)
{
	r->losses_targets = calloc(v->n + 1, sizeof(*r->losses_targets));
	if (!r->losses_targets)
		return -ENOMEM;
	if (v->n)
		memcpy(r->losses_targets, v->targets, v->n * sizeof(*v->targets));
	memcpy(r->losses_shared, v->shared, v->nshared * sizeof(*v->shared));
	r->losses = (struct losses_view){ r->losses_targets, v->n, r->losses_shared, v->nshared };
	return 0;
}

static void copy_stats(struct reading *r, const struct losses *l)
{
	const struct attach_program_counts *p;
	size_t n = losses__programs(l, &p);

	for (size_t i = 0; i < n; i++) {
		if (p[i].runs) /* stays 0 unless kernel.bpf_stats_enabled is on */
			r->stats[r->nstats++] = (struct metrics_bpf_stats){
				.mechanism = p[i].mechanism,
				.run_seconds = p[i].run_ns / 1e9,
				.runs = p[i].runs,
			};
	}
}

static int take_reading(struct collector *c, struct reading **out)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct losses_view view;
	int err = -ENOMEM;

	if (!r)
		return -ENOMEM;
	losses__read_kernel(c->losses);
	r->snapshot = snapshot__take(c->obj);
	if (!r->snapshot) {
		err = -errno;
		goto fail;
	}
	view = losses__complete(c->losses, r->snapshot);
	err = copy_losses(r, &view);
	if (err)
		goto fail;
	copy_stats(r, c->losses);
	r->refs = 1;
	*out = r;
	return 0;
fail:
	free_reading(r);
	return err;
}

/* Called and returns with the lock held. */
static void run(struct collector *c)
{
	struct reading *r = NULL;
	int err;

	c->running = true;
	c->begun++;
	pthread_mutex_unlock(&c->lock);
	err = take_reading(c, &r);
	pthread_mutex_lock(&c->lock);
	c->running = false;
	c->finished = c->begun;
	unref(c->latest);
	c->latest = r;
	c->error = err;
	pthread_cond_broadcast(&c->done);
}

/*
 * A reading under way may have passed a cell before the last call that our client made was counted
 * there. So only a reading that began after we came will do; those who wait for it share it.
 */
int collector__acquire(struct collector *c, struct metrics_input *in)
{
	struct reading *r;
	uint64_t wanted;
	int err;

	pthread_mutex_lock(&c->lock);
	wanted = c->begun + 1;
	while (c->finished < wanted) {
		if (c->running)
			pthread_cond_wait(&c->done, &c->lock);
		else
			run(c);
	}
	r = c->latest;
	err = c->error;
	if (r)
		r->refs++;
	pthread_mutex_unlock(&c->lock);
	if (!r)
		return err;
	*in = (struct metrics_input){
		.grid = bpfobj__grid(c->obj),
		.targets = c->states,
		.ntargets = c->nstates,
		.snapshot = r->snapshot,
		.losses = &r->losses,
		.cell_bytes = bpfobj__memory(c->obj)->total,
		.bpf_stats = r->stats,
		.nbpf_stats = r->nstats,
		.reading = r,
	};
	return 0;
}

void collector__release(struct collector *c, struct metrics_input *in)
{
	pthread_mutex_lock(&c->lock);
	unref(in->reading);
	pthread_mutex_unlock(&c->lock);
}
