/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The web configuration file and the files that it currently names. Relative names are relative to
 * its directory. Files are only read.
 */
#pragma once

#include "access/text.h"

struct web_files;

/* Reads nothing yet. */
struct web_files *web_files__new(const char *config);
/*
 * Checks all files. If their version differs from *known (0 at first), appends all texts to out,
 * for web_texts__read(), and updates *known. For a file that cannot be read, the error takes the
 * place of the text. 0 or -ENOMEM.
 */
int web_files__update(struct web_files *f, uint64_t *known, struct buf *out);
/* Also wipes the texts. NULL is fine. */
void web_files__free(struct web_files *f);
