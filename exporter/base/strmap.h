/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings -> numbers: a hash table that grows and never forgets. Keys are borrowed. */
#ifndef BASE_STRMAP_H
#define BASE_STRMAP_H

#include "base/util.h"

struct strmap_slot {
	const char *key; /* NULL: free */
	uint32_t hash, value;
};

struct strmap { /* zeroed is empty and usable */
	struct strmap_slot *slots;
	size_t nslots, n; /* nslots is 0 or a power of two */
};

/* Where key's number is, or NULL. Valid until the next strmap__put(). */
uint32_t *strmap__find(const struct strmap *m, const char *key);
/* The same, adding key with number `value` if it is not there; *added tells. */
uint32_t *strmap__put(struct strmap *m, const char *key, uint32_t value, bool *added);
void strmap__free(struct strmap *m); /* empty and usable again */

#endif /* BASE_STRMAP_H */
