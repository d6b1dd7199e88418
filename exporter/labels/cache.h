/* SPDX-License-Identifier: GPL-2.0-only */
/* The texts of label sets in a server, as label_slots__write_updates() has sent them. */
#pragma once

#include "counts/snapshot.h"

struct label_cache;

/* nslots: the slots of each generation. */
struct label_cache *label_cache__new(const uint32_t *nslots, size_t ngenerations);
void label_cache__free(struct label_cache *b); /* NULL is fine */
/* Reads updates. 0, -ENOMEM, or -EINVAL if they are malformed; the rest is then ignored. */
int label_cache__read(struct label_cache *b, const char *data, size_t len);
/* Sets the texts of the snapshot's sets, and removes sets without a text, which is still to come.
 */
void label_cache__apply(const struct label_cache *b, uint32_t generation, struct snapshot *s);
