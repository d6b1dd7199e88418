/* SPDX-License-Identifier: GPL-2.0-only */
/* Hash table from strings, which it borrows, to numbers. Keys cannot be removed. */
#pragma once

#include "base/util.h"

struct strmap_slot {
	const char *key; /* NULL: free */
	uint32_t hash, value;
};

struct strmap { /* zeroed is empty and usable */
	struct strmap_slot *slots;
	size_t nslots, n; /* nslots is 0 or a power of two */
};

/* Returns the place of the key's number, valid until the next strmap__put(), or NULL. */
uint32_t *strmap__find(const struct strmap *m, const char *key);
/* The same. Adds the key with this value if it is missing, and sets *added accordingly. */
uint32_t *strmap__put(struct strmap *m, const char *key, uint32_t value, bool *added);
void strmap__free(struct strmap *m); /* the map is then empty and usable */
