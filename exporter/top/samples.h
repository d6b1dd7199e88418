/* SPDX-License-Identifier: GPL-2.0-only */
/* The newest samples of calls, a line for each. */
#pragma once

#include "top/rows.h"

struct reconcile;

struct top_samples {
	struct buf image; /* the texts */
	struct samples_report report;
};

/* Zero it before. 0 or a negative errno. */
int top_samples__read(struct top_samples *s, struct reconcile *r, double now);
void top_samples__free(struct top_samples *s); /* what is in it */

/* As table__line() and its like: width characters, 0: all. */
void top_samples__header(struct buf *out, unsigned width);
void top_samples__line(struct buf *out, const struct sample_report *s, unsigned width);
/* Whether it is a call of the row's function and label set. */
bool top_samples__is_of(const struct sample_report *s, const struct top_row *row);
/* Appends how many samples the row's function has, and the newest of the row. */
void top_samples__of_row(struct buf *out, const struct top_rows *rows, const struct top_row *row,
			 unsigned width);
