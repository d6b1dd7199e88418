/* SPDX-License-Identifier: GPL-2.0-only */
#include "labels/needed.h"

#include <math.h>

#include "base/log.h"

#define PERIOD	5.0  /* seconds between counts for the log, if nobody reads the counters */
#define SETTLED 10.0 /* seconds from the first set without room to the line in the log */
#define AGAIN	10   /* it is logged again when so many times as many are needed */

struct target_needed {
	uint64_t now;	 /* in this period; 0: every set has had room */
	uint64_t before; /* likewise, in the last one */
	double since;	 /* the period's begin, with series_ttl */
	double first;	 /* when one was first seen without room; 0: not yet */
	uint64_t said;
};

struct label_needed {
	const struct object *obj;
	const struct banks *banks;
	const struct targets *all;
	const struct capture_spec *const *extras;
	struct target_needed *targets; /* by id */
	double updated;
};

struct label_needed *label_needed__new(const struct object *obj, const struct targets *all,
				       const struct capture_spec *const *extras)
{
	struct label_needed *n = xcalloc(1, sizeof(*n));
	uint32_t sketches = 0;

	n->obj = obj;
	n->banks = object__banks(obj);
	n->all = all;
	n->extras = extras;
	n->targets = xcalloc(all->nids + 1, sizeof(*n->targets));
	for (size_t id = 0; id < all->nids; id++)
		if (extras[id] && extras[id]->nlabels)
			object__used(obj)[id].sketch = sketches++;
	return n;
}

void label_needed__free(struct label_needed *n)
{
	if (!n)
		return;
	free(n->targets);
	free(n);
}

static uint64_t hash_of(const struct label_needed *n, uint32_t slot)
{
	struct rp_label_key key;

	memcpy(&key, (const void *)&n->banks->label_sets.v[slot].key, sizeof(key));
	return rp_sketch_hash(&key, n->extras[key.id]->kernel.nwords);
}

void label_needed__let_go(struct label_needed *n, uint32_t slot)
{
	uint32_t id = n->banks->label_sets.v[slot].key.id;

	rp_sketch_add(object__without_room(n->obj, id), hash_of(n, slot));
}

/* Of a target with sets that have found no room. */
struct seen {
	struct rp_sketch in_use, all;
	uint32_t sets; /* in use */
};

static bool has_labels(const struct label_needed *n, uint32_t id)
{
	return id < n->all->nids && n->extras[id] && n->extras[id]->nlabels;
}

/* By target id; NULL without any. */
static struct seen **see_without_room(const struct label_needed *n)
{
	struct seen **seen = NULL;

	for (uint32_t id = 0; id < n->all->nids; id++) {
		if (!has_labels(n, id) || !object__without_room(n->obj, id)->used)
			continue;
		if (!seen)
			seen = xcalloc(n->all->nids, sizeof(*seen));
		seen[id] = xcalloc(1, sizeof(*seen[id]));
		memcpy(&seen[id]->all, (const void *)object__without_room(n->obj, id),
		       sizeof(seen[id]->all));
	}
	return seen;
}

static void see_in_use(const struct label_needed *n, struct seen **seen)
{
	const struct label_sets_view *v = &n->banks->label_sets;

	for (uint32_t slot = 0; slot < v->n; slot++) {
		uint32_t id = v->v[slot].key.id;
		uint64_t hash;

		if (v->v[slot].used != RP_SET_USED || !has_labels(n, id) || !seen[id])
			continue;
		hash = hash_of(n, slot);
		rp_sketch_add(&seen[id]->in_use, hash);
		rp_sketch_add(&seen[id]->all, hash);
		seen[id]->sets++;
	}
}

static double estimate(const struct rp_sketch *s)
{
	double missing = 0, used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(s->most); i++) {
		used += s->most[i] != 0;
		missing += 1 - s->most[i] / 0x1p32;
	}
	return ARRAY_SIZE(s->most) * used / missing;
}

/* Some of the sets in use had found no room before. The error of the difference is that of the
 * others, however many are in use. */
static uint64_t needed_for(const struct seen *s)
{
	return s->sets + llround(estimate(&s->all) - estimate(&s->in_use));
}

uint64_t label_needed__of(const struct label_needed *n, uint32_t id)
{
	const struct target_needed *t = &n->targets[id];

	return t->now > t->before ? t->now : t->before;
}

static uint64_t rounded(uint64_t n)
{
	uint64_t unit = 1;

	while (n / unit >= 100)
		unit *= 10;
	return (n + unit / 2) / unit * unit;
}

static void say(struct label_needed *n, uint32_t id, uint32_t in_use, double now)
{
	enum log_level level = n->extras[id]->keep == KEEP_TOP ? LOG_INFO : LOG_WARN;
	struct target_needed *t = &n->targets[id];
	uint64_t needed = label_needed__of(n, id);

	if (!t->first)
		t->first = now;
	if (now - t->first < SETTLED || needed < AGAIN * t->said || needed <= in_use)
		return;
	t->said = needed;
	log__line(level, "%s:%s: about %llu label sets would be needed so far, and %u are in use",
		  n->all->v[id]->object, n->all->v[id]->function,
		  (unsigned long long)rounded(needed), in_use);
}

static void begin_period(struct label_needed *n, uint32_t id, double now)
{
	struct target_needed *t = &n->targets[id];

	t->before = t->now;
	t->since = now;
	memset((void *)object__without_room(n->obj, id), 0, sizeof(struct rp_sketch));
}

void label_needed__update(struct label_needed *n, double now)
{
	struct seen **seen = see_without_room(n);

	n->updated = now;
	if (seen)
		see_in_use(n, seen);
	for (uint32_t id = 0; id < n->all->nids; id++) {
		struct target_needed *t = &n->targets[id];

		if (!has_labels(n, id))
			continue;
		t->now = seen && seen[id] ? needed_for(seen[id]) : 0;
		if (t->now)
			say(n, id, seen[id]->sets, now);
		if (n->extras[id]->series_ttl && now - t->since >= n->extras[id]->series_ttl)
			begin_period(n, id, now);
		if (seen)
			free(seen[id]);
	}
	free(seen);
}

void label_needed__check(struct label_needed *n, double now)
{
	if (now - n->updated >= PERIOD)
		label_needed__update(n, now);
}
