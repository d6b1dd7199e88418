/* SPDX-License-Identifier: GPL-2.0-only */
/* The texts of label sets, as a server knows them: the reader's side of
 * label_slots__write_updates(). */
#ifndef LABELS_CACHE_H
#define LABELS_CACHE_H

#include "counts/snapshot.h"

struct label_cache;

/* For generations of so many slots each. */
struct label_cache *label_cache__new(const uint32_t *nslots, size_t ngenerations);
void label_cache__free(struct label_cache *b); /* NULL is fine */
/* 0; -EINVAL: that is no news, and what follows is not taken; -ENOMEM. */
int label_cache__read(struct label_cache *b, const char *data, size_t len);
/* Gives the snapshot's sets their texts. Sets that have none yet are left out of it: they are shown
 * once they are named. */
void label_cache__apply(const struct label_cache *b, uint32_t generation, struct snapshot *s);

#endif /* LABELS_CACHE_H */
