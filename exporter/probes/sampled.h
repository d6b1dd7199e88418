/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples of calls, of all generations. */
#pragma once

#include "base/buf.h"
#include "samples/exemplar.h"

struct reconcile;

/* Fetches samples of calls, unless it is too soon after the last time. Seconds until the next time;
 * negative: no probe is sampled. */
double sampled__take(struct reconcile *r, double now);
/* Adds the exemplars of a generation, by its number; index: in a server's table. */
void sampled__add_exemplars(const struct reconcile *r, unsigned generation, uint32_t index,
			    struct exemplar **v, size_t *n);
/* Fetches samples, and appends the newest as a report (samples/report.h). */
void sampled__write(struct reconcile *r, double now, struct buf *out);
