/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The safety valve: which targets are called more often than their max_rate allows, over ten
 * seconds; and for how long they are to rest. Decides nothing else.
 */
#ifndef VALVE_H
#define VALVE_H

#include "view.h"

/* Seconds. */
#ifndef VALVE_PERIOD
#define VALVE_PERIOD	5.0 /* between checks */
#define VALVE_WINDOW	10.0
#define VALVE_PAUSE	60.0
#define VALVE_PAUSE_MAX 3600.0
#endif

struct valve;

struct valve *valve__new(void);
void valve__free(struct valve *v); /* NULL is fine */

/* Reads the cells; to be called every few seconds. Returns how many targets are hot now. */
size_t valve__check(struct valve *v, const struct view *view, double now);
/* What the last check found. */
bool valve__is_hot(const struct valve *v, const struct generation *g, uint32_t id);

/*
 * For how long a target is to be paused from now on, in seconds: each time twice as long as the
 * last, up to an hour; from the beginning again after an hour without.
 */
double valve__pause(struct valve *v, const struct generation *g, uint32_t id, double now);
/* The pause is over. */
bool valve__is_due(const struct valve *v, const struct generation *g, uint32_t id, double now);
/* It counts again. */
void valve__resumed(struct valve *v, const struct generation *g, uint32_t id, double now);

#endif /* VALVE_H */
