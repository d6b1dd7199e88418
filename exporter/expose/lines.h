/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sample lines, which the text format and OpenMetrics have in common; what stands above them, and
 * what closes a body, is each format's own.
 */
#ifndef EXPOSE_LINES_H
#define EXPOSE_LINES_H

#include "expose/expo.h"

extern const char *const expo_type_names[]; /* by enum metric_type */

/* A line of a counter or a gauge: `_total` is part of a counter's. */
void expo_lines__sample(struct expo *e, const struct label_set *ls, struct metric_value v);
/* The buckets, the sum and the count. */
void expo_lines__histogram(struct expo *e, const struct label_set *ls,
			   const struct histogram_value *v);
/* One more line of the series written last, with the name's end and the value. */
void expo_lines__again(struct expo *e, const char *suffix, double v);

#endif /* EXPOSE_LINES_H */
