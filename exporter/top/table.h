/* SPDX-License-Identifier: GPL-2.0-only */
/* The table, line by line and without escapes. */
#pragma once

#include "top/rows.h"

/* Append a line with its newline. width: characters that fit, and files are shown without their
 * directory; 0: all of it. */
void table__header(struct buf *out, unsigned width);
void table__row(struct buf *out, const struct top_row *row, unsigned width);

/* Appends the whole table. Many functions without calls are only counted. */
void table__plain(struct buf *out, const struct top_rows *rows);

/* Appends the text up to width characters (0: all) and a newline. */
void table__line(struct buf *out, const char *text, unsigned width);
