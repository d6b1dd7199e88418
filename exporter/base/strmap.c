/* SPDX-License-Identifier: GPL-2.0-only */
/* Open addressing with linear probing, at most half full. */
#include "base/strmap.h"

#include "base/hash.h"

#define FIRST_SLOTS 256

static uint32_t hash_of(const char *s)
{
	return hash__fold(hash__string(HASH_START, s));
}

/* The slot that has the key, or the free one for it. */
static struct strmap_slot *slot_of(const struct strmap *m, const char *key, uint32_t hash)
{
	size_t i = hash & (m->nslots - 1);

	while (m->slots[i].key && (m->slots[i].hash != hash || strcmp(m->slots[i].key, key)))
		i = (i + 1) & (m->nslots - 1);
	return &m->slots[i];
}

uint32_t *strmap__find(const struct strmap *m, const char *key)
{
	struct strmap_slot *slot;

	if (!m->n)
		return NULL;
	slot = slot_of(m, key, hash_of(key));
	return slot->key ? &slot->value : NULL;
}

static void grow(struct strmap *m)
{
	struct strmap bigger = { .nslots = m->nslots ? m->nslots * 4 : FIRST_SLOTS, .n = m->n };

	bigger.slots = xcalloc(bigger.nslots, sizeof(*bigger.slots));
	for (size_t i = 0; i < m->nslots; i++) {
		if (m->slots[i].key)
			*slot_of(&bigger, m->slots[i].key, m->slots[i].hash) = m->slots[i];
	}
	free(m->slots);
	*m = bigger;
}

uint32_t *strmap__put(struct strmap *m, const char *key, uint32_t value, bool *added)
{
	uint32_t hash = hash_of(key);
	struct strmap_slot *slot;

	if (m->n * 2 >= m->nslots)
		grow(m);
	slot = slot_of(m, key, hash);
	*added = !slot->key;
	if (*added) {
		*slot = (struct strmap_slot){ .key = key, .hash = hash, .value = value };
		m->n++;
	}
	return &slot->value;
}

void strmap__free(struct strmap *m)
{
	if (!m)
		return;
	free(m->slots);
	*m = (struct strmap){ 0 };
}
