/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls in progress of all generations, as of their last scan, in words. */
#pragma once

#include "base/buf.h"
#include "probes/state.h"

/* Keeps names that take long to find. */
struct in_progress;
struct in_progress *in_progress__new(void);
void in_progress__free(struct in_progress *p); /* NULL is fine */

/* Appends a report (scan/report.h). */
void in_progress__write(struct in_progress *p, const struct reconcile *r, struct buf *out);
