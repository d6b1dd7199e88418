/* SPDX-License-Identifier: GPL-2.0-only */
/* Log lines while the screen is drawn on: they are kept, and written to stderr afterwards. */
#pragma once

#include "base/util.h"

struct messages;

/* Redirects stderr. NULL: it is no terminal, or that failed; lines go where they went. */
struct messages *messages__begin(void);
/* Readable when there are new lines; -1 without messages. */
int messages__descriptor(const struct messages *m);
void messages__read(struct messages *m);
/* The last line, without its time; NULL: none yet. */
const char *messages__last(const struct messages *m);
/* Restores stderr and writes the last lines to it. NULL is fine. */
void messages__end(struct messages *m);
