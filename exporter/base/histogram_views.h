/* SPDX-License-Identifier: GPL-2.0-only */
/* Layouts with the same bins, for probes that have buckets of their own. */
#pragma once

#include "base/histogram_layout.h"

struct histogram_views {
	struct histogram_layout **v;
	size_t n;
};

/* The one with these classic bounds: an earlier one, or a new one of g's bins. */
const struct histogram_layout *histogram_views__get(struct histogram_views *views,
						    const struct histogram_layout *g,
						    const double *bounds, size_t n);
void histogram_views__free(struct histogram_views *views); /* what is in it */
