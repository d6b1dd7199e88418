/* SPDX-License-Identifier: GPL-2.0-only */
/* A chained hash table of the leaders by target and texts. */
#include "labels/groups.h"

#include "base/hash.h"

#define NONE UINT32_MAX

struct member {
	uint32_t id, hash;
	char *const *texts; /* NULL: not a member */
	size_t ntexts;
	uint32_t leader, prev, next;
	uint32_t chain; /* of a leader: the next one in the bucket */
};

struct label_groups {
	struct member *members; /* by slot */
	uint32_t *buckets;	/* leaders */
	uint32_t mask;		/* their number, a power of two, less one */
};

struct label_groups *label_groups__new(uint32_t nslots)
{
	struct label_groups *g = xcalloc(1, sizeof(*g));
	size_t nbuckets = 1;

	while (nbuckets < nslots)
		nbuckets *= 2;
	g->mask = nbuckets - 1;
	g->members = xcalloc(nslots + 1, sizeof(*g->members));
	g->buckets = xcalloc(nbuckets, sizeof(*g->buckets));
	for (size_t i = 0; i < nbuckets; i++)
		g->buckets[i] = NONE;
	return g;
}

void label_groups__free(struct label_groups *g)
{
	if (!g)
		return;
	free(g->members);
	free(g->buckets);
	free(g);
}

/* The final NUL is hashed too, so that "ab", "c" differs from "a", "bc". */
static uint32_t hash_of(uint32_t id, char *const *texts, size_t n)
{
	uint64_t h = hash__byte(HASH_START ^ id, 0);

	for (size_t i = 0; i < n; i++)
		h = hash__byte(hash__string(h, texts[i]), 0);
	return hash__fold(h);
}

static bool same_texts(const struct member *a, const struct member *b)
{
	if (a->hash != b->hash || a->id != b->id || a->ntexts != b->ntexts)
		return false;
	for (size_t i = 0; i < a->ntexts; i++)
		if (strcmp(a->texts[i], b->texts[i]))
			return false;
	return true;
}

static void insert(struct label_groups *g, uint32_t leader)
{
	uint32_t *bucket = &g->buckets[g->members[leader].hash & g->mask];

	g->members[leader].chain = *bucket;
	*bucket = leader;
}

static void take_out(struct label_groups *g, uint32_t leader)
{
	uint32_t *p = &g->buckets[g->members[leader].hash & g->mask];

	while (*p != leader)
		p = &g->members[*p].chain;
	*p = g->members[leader].chain;
}

static uint32_t find_leader(const struct label_groups *g, const struct member *m)
{
	uint32_t i = g->buckets[m->hash & g->mask];

	while (i != NONE && !same_texts(&g->members[i], m))
		i = g->members[i].chain;
	return i;
}

uint32_t label_groups__join(struct label_groups *g, uint32_t slot, uint32_t id, char *const *texts,
			    size_t n)
{
	struct member *m = &g->members[slot], *leader;

	*m = (struct member){
		.id = id, .hash = hash_of(id, texts, n), .texts = texts, .ntexts = n
	};
	m->leader = find_leader(g, m);
	if (m->leader == NONE) {
		m->leader = m->prev = m->next = slot;
		insert(g, slot);
		return slot;
	}
	leader = &g->members[m->leader];
	m->next = m->leader;
	m->prev = leader->prev;
	g->members[m->prev].next = slot;
	leader->prev = slot;
	return m->leader;
}

void label_groups__leave(struct label_groups *g, uint32_t slot)
{
	struct member *m = &g->members[slot];

	if (!m->texts)
		return;
	if (m->leader == slot)
		take_out(g, slot);
	g->members[m->prev].next = m->next;
	g->members[m->next].prev = m->prev;
	m->texts = NULL;
}

void label_groups__lead(struct label_groups *g, uint32_t slot)
{
	uint32_t i = slot;

	take_out(g, g->members[slot].leader);
	do {
		g->members[i].leader = slot;
		i = g->members[i].next;
	} while (i != slot);
	insert(g, slot);
}

uint32_t label_groups__next(const struct label_groups *g, uint32_t slot)
{
	return g->members[slot].next;
}
