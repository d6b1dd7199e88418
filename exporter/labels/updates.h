/* SPDX-License-Identifier: GPL-2.0-only */
/* The texts of label sets, as a server knows them: the reader's side of labels__write_news(). */
#ifndef LABELS_UPDATES_H
#define LABELS_UPDATES_H

#include "counts/snapshot.h"

struct label_book;

/* For generations of so many slots each. */
struct label_book *label_book__new(const uint32_t *nslots, size_t ngenerations);
void label_book__free(struct label_book *b); /* NULL is fine */
/* 0; -EINVAL: that is no news, and what follows is not taken; -ENOMEM. */
int label_book__read_news(struct label_book *b, const char *data, size_t len);
/* Gives the snapshot's sets their texts. Sets that have none yet are left out of it: they are shown
 * once they are named. */
void label_book__apply(const struct label_book *b, uint32_t generation, struct snapshot *s);

#endif /* LABELS_UPDATES_H */
