/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One reading of everything, for whoever asks: kernel counters, cells and tallies, in that order.
 * Scrapes that ask while a reading is under way share it.
 */
#ifndef COLLECT_H
#define COLLECT_H

#include "attach.h"
#include "metrics.h"

struct collector;

/* All borrowed, to outlive the collector. Targets must not change while it is in use. */
struct collector *collector__new(const struct targets *targets, struct attach *a,
				 const struct bpfobj *obj);
void collector__free(struct collector *c);

/* Fills *in, which stays valid until it is released. 0 or a negative errno. Thread-safe. */
int collector__acquire(struct collector *c, struct metrics_input *in);
void collector__release(struct collector *c, struct metrics_input *in);

#endif /* COLLECT_H */
