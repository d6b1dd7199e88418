/* SPDX-License-Identifier: GPL-2.0-only */
/* Sample lines, which the text format and OpenMetrics share. */
#pragma once

#include "expose/expo.h"

extern const char *const expo_type_names[]; /* by enum metric_type */

/* The line of a counter (with `_total`) or a gauge, without `created`. */
void expo_lines__sample(struct expo *e, const struct label_set *ls, struct metric_value v,
			double created);
/* The buckets, the sum and the count, without `created` and exemplars. */
void expo_lines__histogram(struct expo *e, const struct label_set *ls,
			   const struct histogram_value *v, double created);
/* The same with exemplars. */
void expo_lines__exemplary(struct expo *e, const struct label_set *ls,
			   const struct histogram_value *v);
/* Another line of the last series, with another suffix of the name. */
void expo_lines__again(struct expo *e, const char *suffix, double v);
