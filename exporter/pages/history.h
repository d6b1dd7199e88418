/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the probes had counted in the last minutes, so that the page shows what happened before it
 * was opened. Requests that read the counters anyway add to it: it costs no reading of its own.
 *
 * It is a ring in memory that only servers map, and that each hands to the next. A server takes
 * what it finds there for text of an equal, and checks its structure.
 */
#pragma once

#include "base/buf.h"
#include "expose/metrics_input.h"

/* The page shows a quarter of an hour, and needs a reading before that. */
#define HISTORY_SECONDS 1200

struct history;

/* For the attacher, which never maps it. A descriptor, or -1: there will be no history. */
int history__new_memory(void);
/* Takes ownership of fd. NULL: no history; the functions below accept that. */
struct history *history__join(int fd);
void history__free(struct history *h);

/* Records the probes that were called since the last record, if that is some seconds old, and now
 * and then all that were ever called. now: of the reading, seconds since the epoch. The probe table
 * is always the same. Thread-safe. */
void history__record(struct history *h, const struct metrics_input *in, double now);
/* Appends a JSON object (API.md). Thread-safe. */
void history__write(struct history *h, double now, struct buf *out);
