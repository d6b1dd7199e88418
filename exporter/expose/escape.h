/* SPDX-License-Identifier: GPL-2.0-only */
/* Label values, HELP texts and bucket bounds as the formats write them. */
#pragma once

#include "base/buf.h"

/* For the text formats: escapes backslash, newline and, if quotes is set, double quote. Bytes that
 * are not UTF-8 become \\xNN. */
void escape__text(struct buf *out, const char *s, bool quotes);
/* For formats without escapes: only bytes that are not UTF-8 change, to \xNN. */
void escape__bytes(struct buf *out, const char *s);
/* The canonical bound of a classic bucket: "1.0", "2.5e-07". */
void escape__bound(struct buf *out, double bound);
