/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overload protection: decides which targets to pause, and for how long. A target is paused if it
 * is called more often over ten seconds than its max_rate, or if all user functions together cost
 * too much.
 *
 * A call of a user function costs a trap to the kernel: a few microseconds on hardware, about
 * twenty in a virtual machine; uprobe.ret needs two. Many probed functions slow a program down long
 * before any of them reaches a million calls a second. So the cost of all user functions, as in a
 * virtual machine, is limited to a share of the CPU time. Beyond that the busiest are paused until
 * half of the share is left. Functions with a max_rate of their own are not in the sum.
 */
#pragma once

#include "probes/table.h"

/* Seconds. */
#ifndef RATE_GUARD_PERIOD
#define RATE_GUARD_PERIOD    5.0 /* between checks */
#define RATE_GUARD_WINDOW    10.0
#define RATE_GUARD_PAUSE     60.0
#define RATE_GUARD_PAUSE_MAX 3600.0
#endif

#define RATE_GUARD_USER_CALL 20e-6 /* CPU seconds, for each trap */
#ifndef RATE_GUARD_USER_SHARE
#define RATE_GUARD_USER_SHARE 0.25 /* of all CPUs */
#endif

struct rate_guard;

struct rate_guard *rate_guard__new(void);
void rate_guard__free(struct rate_guard *guard); /* NULL is fine */

/* Reads the cells; call it every RATE_GUARD_PERIOD. Returns the number of targets to pause. */
size_t rate_guard__check(struct rate_guard *guard, const struct probe_table *table, double now);
/* Why the last check wants the target paused; NULL: it does not. */
const char *rate_guard__why_hot(const struct rate_guard *guard, const struct generation *g,
				uint32_t id);

/*
 * Begins a pause, and returns its length in seconds. Each pause is twice as long as the last one,
 * up to an hour. After an hour without a pause, the length starts over.
 */
double rate_guard__pause(struct rate_guard *guard, const struct generation *g, uint32_t id,
			 double now);
/* The pause is over. */
bool rate_guard__is_due(const struct rate_guard *guard, const struct generation *g, uint32_t id,
			double now);
/* The target counts again. */
void rate_guard__resumed(struct rate_guard *guard, const struct generation *g, uint32_t id,
			 double now);
