/* SPDX-License-Identifier: GPL-2.0-only */
/* A row in detail: counts, returned values, and the histograms. Plain text. */
#pragma once

#include "base/buf.h"
#include "top/rows.h"

/* A row of these. width: columns of the longest lines. */
void histogram__print(struct buf *out, const struct top_rows *rows, const struct top_row *row,
		      unsigned width);
