/* SPDX-License-Identifier: GPL-2.0-only */
#include "process/scrape.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>

#include "base/channel.h"
#include "base/clock.h"
#include "labels/cache.h"
#include "base/log.h"
#include "counts/snapshot.h"

#define PATIENCE     10.0 /* seconds to wait for a busy attacher */
#define PATIENCE_MIN 0.01
#define SLICE	     0.1 /* seconds between checks for scrapes with earlier deadlines */

/* The counts of one generation. */
struct part {
	struct snapshot *snapshot;
	struct missed_target *missed;	    /* a copy: the source changes */
	struct in_flight_target *in_flight; /* likewise */
	struct rp_sampling *sampling;	    /* likewise; NULL: no probe is sampled */
};

struct scrape {
	int refs;
	struct part *parts; /* by generation */
	struct exemplar *exemplars;
	size_t nexemplars;
	struct target_state *states;
	struct missed_program programs[MISSED_MECHANISMS]; /* of all generations, former ones too */
	struct metrics_input input;			   /* points into this struct */
};

struct scraper {
	const struct served *served;
	struct channel attacher;
	struct label_cache *labels;

	pthread_mutex_t lock;
	pthread_cond_t done;
	bool running;
	uint64_t begun, finished; /* numbers of scrapes, from 1 */
	double until;		  /* when to stop waiting for the attacher */
	struct scrape *latest;	  /* number `finished`; NULL if it failed */
	int error;
};

/* With the texts of all label sets up to the start of the server. */
static struct label_cache *new_label_cache(const struct served *s)
{
	__cleanup_free uint32_t *nslots = xcalloc(s->ngenerations, sizeof(*nslots));
	struct label_cache *b;

	for (size_t g = 0; g < s->ngenerations; g++)
		nslots[g] = s->generations[g].banks.label_sets.n;
	b = label_cache__new(nslots, s->ngenerations);
	label_cache__read(b, s->updates, s->updates_len);
	return b;
}

struct scraper *scraper__new(const struct served *served, int attacher)
{
	struct scraper *c = xcalloc(1, sizeof(*c));
	pthread_condattr_t attr;

	c->served = served;
	c->attacher = (struct channel){ .fd = attacher };
	c->labels = new_label_cache(served);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->done, &attr);
	pthread_condattr_destroy(&attr);
	return c;
}

static void free_scrape(struct scrape *r, size_t nparts)
{
	for (size_t i = 0; r->parts && i < nparts; i++) {
		snapshot__free(r->parts[i].snapshot);
		free(r->parts[i].missed);
		free(r->parts[i].in_flight);
		free(r->parts[i].sampling);
	}
	free(r->parts);
	free(r->exemplars);
	free(r->states);
	free(r);
}

static void unref(struct scraper *c, struct scrape *r)
{
	if (r && !--r->refs)
		free_scrape(r, c->served->ngenerations);
}

void scraper__free(struct scraper *c)
{
	if (!c)
		return;
	unref(c, c->latest);
	label_cache__free(c->labels);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->done);
	free(c);
}

/* ---- one scrape ------------------------------------------------------------------------------ */

/* Half of the remaining time is for the rest of the work. */
static double patience(double deadline)
{
	double left = deadline ? (deadline - monotonic_seconds()) / 2 : PATIENCE;

	if (left > PATIENCE)
		return PATIENCE;
	return left > PATIENCE_MIN ? left : PATIENCE_MIN;
}

/* At most a slice. */
static double patience_left(struct scraper *c)
{
	double left;

	pthread_mutex_lock(&c->lock);
	left = c->until - monotonic_seconds();
	pthread_mutex_unlock(&c->lock);
	return left < SLICE ? left : SLICE;
}

/* While the attacher owes an answer, it gets no other request and no scrape waits for it. Otherwise
 * scrapes would wait one after the other. */
static int refresh(struct scraper *c, int *status, struct buf *updates)
{
	double left = patience_left(c);
	int err = channel__settle(&c->attacher, 0, status, updates);

	if (err)
		return err;
	err = channel__call(&c->attacher, CHANNEL_REFRESH, left > 0 ? left : 0, status, updates);
	while (err == -ETIMEDOUT && (left = patience_left(c)) > 0)
		err = channel__settle(&c->attacher, left, status, updates);
	return err;
}

/* The answers to one or more requests. The exemplars of the last one replace those of others. */
static int read_answers(struct scraper *c, const struct buf *answers, struct scrape *r)
{
	struct image io = { .next = answers->data };

	io.end = answers->len ? answers->data + answers->len : NULL;
	while (io.next < io.end && !io.err) {
		const char *updates;
		size_t len;

		image__block(&io, &updates, &len);
		if (!io.err)
			io.err = label_cache__read(c->labels, updates, len);
		free(take_ptr(r->exemplars));
		exemplars__image(&io, &r->exemplars, &r->nexemplars);
	}
	return io.err;
}

static int ask_attacher(struct scraper *c, struct scrape *r)
{
	__cleanup_buf struct buf answers = {};
	int status = 0, err = refresh(c, &status, &answers);

	if (err == -ETIMEDOUT)
		log_debug("the attacher is busy: counts of missed calls are not up to date");
	else if (err)
		return err;
	err = read_answers(c, &answers, r);
	if (!err && r->nexemplars && c->served->layout)
		r->nexemplars = exemplars__sort(r->exemplars, r->nexemplars, c->served->layout);
	return err ? err : status;
}

static int read_part(struct scraper *c, size_t g, struct part *out)
{
	const struct served_generation *gen = &c->served->generations[g];

	out->missed = calloc(gen->ntargets + 1, sizeof(*out->missed));
	out->in_flight = calloc(gen->ntargets + 1, sizeof(*out->in_flight));
	if (!out->missed || !out->in_flight)
		return -ENOMEM;
	memcpy(out->in_flight, gen->in_flight, gen->ntargets * sizeof(*out->in_flight));
	if (gen->banks.sampling) {
		out->sampling = calloc(gen->ntargets, sizeof(*out->sampling));
		if (!out->sampling)
			return -ENOMEM;
		memcpy(out->sampling, (const void *)gen->banks.sampling,
		       gen->ntargets * sizeof(*out->sampling));
	}
	memcpy(out->missed, gen->board->targets, gen->ntargets * sizeof(*out->missed));
	out->snapshot = snapshot__take(&gen->banks, gen->extras);
	if (!out->snapshot)
		return -errno;
	label_cache__apply(c->labels, g, out->snapshot);
	return 0;
}

static bool is_sampled(const struct target *t)
{
	return t->capture && t->capture->kernel.sampling.per_second;
}

static void fill_input(const struct served *served, struct scrape *r)
{
	r->input = (struct metrics_input){
		.layout = served->layout,
		.size_layout = served->size_layout,
		.targets = r->states,
		.ntargets = served->n,
		.programs = r->programs,
		.cell_bytes = served->cell_bytes,
		.scrape = r,
	};
	memcpy(r->programs, served->gone, sizeof(r->programs));
	for (size_t g = 0; g < served->ngenerations; g++) {
		shared_missed__add_programs(r->programs, served->generations[g].board->programs);
		if (r->parts[g].snapshot->hist_words > r->input.hist_words)
			r->input.hist_words = r->parts[g].snapshot->hist_words;
	}
	for (size_t i = 0; i < served->n; i++) {
		const struct served_row *row = &served->rows[i];
		struct target_state *st = &r->states[i];

		*st = row->state;
		if (row->generation == SERVED_NOWHERE)
			continue;
		st->snap = &r->parts[row->generation].snapshot->targets[st->target->id];
		st->missed = &r->parts[row->generation].missed[st->target->id];
		st->in_flight = &r->parts[row->generation].in_flight[st->target->id];
		if (r->parts[row->generation].sampling && is_sampled(st->target))
			st->sampling = &r->parts[row->generation].sampling[st->target->id];
		if (st->sampling && !st->target->untimed)
			st->exemplars =
				exemplars__of_target(r->exemplars, r->nexemplars, row->generation,
						     st->target->id, &st->nexemplars);
	}
}

static int take_scrape(struct scraper *c, struct scrape **out)
{
	const struct served *served = c->served;
	struct scrape *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = ask_attacher(c, r);
	if (err) {
		free_scrape(r, served->ngenerations);
		return err;
	}
	r->parts = calloc(served->ngenerations + 1, sizeof(*r->parts));
	r->states = calloc(served->n + 1, sizeof(*r->states));
	err = r->parts && r->states ? 0 : -ENOMEM;
	for (size_t g = 0; g < served->ngenerations && !err; g++)
		err = read_part(c, g, &r->parts[g]);
	if (err) {
		free_scrape(r, served->ngenerations);
		return err;
	}
	fill_input(served, r);
	r->refs = 1;
	*out = r;
	return 0;
}

/* Called and returns with the lock held. */
static void run(struct scraper *c, double deadline)
{
	struct scrape *r = NULL;
	int err;

	c->running = true;
	c->begun++;
	c->until = monotonic_seconds() + patience(deadline);
	pthread_mutex_unlock(&c->lock);
	err = take_scrape(c, &r);
	pthread_mutex_lock(&c->lock);
	c->running = false;
	c->finished = c->begun;
	unref(c, c->latest);
	c->latest = r;
	c->error = err;
	pthread_cond_broadcast(&c->done);
}

/* Waits for the running scrape, at most until the deadline. That scrape must leave time for ours.
 */
static void wait_done(struct scraper *c, double deadline)
{
	struct timespec until = { (time_t)deadline, (long)(fmod(deadline, 1) * 1e9) };
	double mine = patience(deadline), now = monotonic_seconds();

	if (mine >= SLICE && now + mine < c->until)
		c->until = now + mine;
	if (deadline)
		pthread_cond_timedwait(&c->done, &c->lock, &until);
	else
		pthread_cond_wait(&c->done, &c->lock);
}

/*
 * A running scrape may have read a cell before our client's last call was counted there. So only a
 * scrape that begins after the request will do. Requests that wait for it share it.
 */
int scraper__acquire(struct scraper *c, double deadline, struct metrics_input *in)
{
	struct scrape *r = NULL;
	uint64_t wanted;
	int err = 0;

	pthread_mutex_lock(&c->lock);
	wanted = c->begun + 1;
	while (c->finished < wanted && !err) {
		if (deadline && monotonic_seconds() >= deadline)
			err = -ETIMEDOUT;
		else if (c->running)
			wait_done(c, deadline);
		else
			run(c, deadline);
	}
	if (!err) {
		r = c->latest;
		err = c->error;
	}
	if (r)
		r->refs++;
	pthread_mutex_unlock(&c->lock);
	if (r)
		*in = r->input;
	return r ? 0 : err;
}

void scraper__release(struct scraper *c, struct metrics_input *in)
{
	pthread_mutex_lock(&c->lock);
	unref(c, in->scrape);
	pthread_mutex_unlock(&c->lock);
}
