/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The safety valve: which targets are called more often, over ten seconds, than their max_rate
 * allows, or than all user functions together may be; and for how long they are to rest. Decides
 * nothing else.
 *
 * A user function costs the program that calls it a trap to the kernel, of a few microseconds on
 * hardware and some twenty in a virtual machine; uprobe.ret takes two. A program that is probed
 * all over is slowed down long before any one function is called a million times a second. So the
 * calls of all user functions are added up at what they cost in a virtual machine, and that may
 * be a share of the machine's CPU time. The busiest are paused until half of the share is left.
 * Functions that the user has given a max_rate are the user's decision, and are not in the sum.
 */
#ifndef PROBES_RATE_GUARD_H
#define PROBES_RATE_GUARD_H

#include "probes/table.h"

/* Seconds. */
#ifndef VALVE_PERIOD
#define VALVE_PERIOD	5.0 /* between checks */
#define VALVE_WINDOW	10.0
#define VALVE_PAUSE	60.0
#define VALVE_PAUSE_MAX 3600.0
#endif

#define VALVE_USER_CALL 20e-6 /* CPU seconds, for each trap */
#ifndef VALVE_USER_SHARE
#define VALVE_USER_SHARE 0.25 /* of all CPUs */
#endif

struct valve;

struct valve *valve__new(void);
void valve__free(struct valve *v); /* NULL is fine */

/* Reads the cells; to be called every few seconds. Returns how many targets are hot now. */
size_t valve__check(struct valve *v, const struct view *view, double now);
/* What the last check found: why the target is to be paused, in words; NULL: it is not. */
const char *valve__why_hot(const struct valve *v, const struct generation *g, uint32_t id);

/*
 * For how long a target is to be paused from now on, in seconds: each time twice as long as the
 * last, up to an hour; from the beginning again after an hour without.
 */
double valve__pause(struct valve *v, const struct generation *g, uint32_t id, double now);
/* The pause is over. */
bool valve__is_due(const struct valve *v, const struct generation *g, uint32_t id, double now);
/* It counts again. */
void valve__resumed(struct valve *v, const struct generation *g, uint32_t id, double now);

#endif /* PROBES_RATE_GUARD_H */
