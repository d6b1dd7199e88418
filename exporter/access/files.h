/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The web configuration file and the files that it names: all that the web configuration does with
 * the file system. Which files those are is what the configuration file says at that moment,
 * relative names being relative to its directory. Nothing is written.
 */
#ifndef ACCESS_FILES_H
#define ACCESS_FILES_H

#include "access/text.h"

struct web_files;

/* Reads nothing yet. */
struct web_files *web_files__new(const char *config);
/*
 * Looks at all of them, and appends their texts to out (web_texts__read()) if they are others than
 * those numbered *known, which is 0 at first and is set to what they are now. What is wrong with a
 * file is in its text's place. 0 or -ENOMEM.
 */
int web_files__news(struct web_files *f, uint64_t *known, struct buf *out);
/* Wipes the texts too. NULL is fine. */
void web_files__free(struct web_files *f);

#endif /* ACCESS_FILES_H */
