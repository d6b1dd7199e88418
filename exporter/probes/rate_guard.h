/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Overload protection: decides which targets to pause, and for how long.
 *
 * max_rate   calls of a target, over ten seconds
 * max_cpu    CPU time that the calls of a target cost (probes/costs.h), between two checks
 * --max-cpu  the same for all targets together: the dearest are paused until the others fit
 *
 * With max_cpu, a pause lasts until the target has used no more than its budget on average, since
 * it was first too dear. So a target that takes 100 % for five seconds is paused for 500, if it may
 * take 1 %.
 *
 * A call of a user function costs a trap to the kernel: a few microseconds on hardware, about
 * twenty in a virtual machine; uprobe.ret needs two. Many probed functions slow a program down long
 * before any of them reaches a million calls a second. So the cost of all user functions is limited
 * to a share of the CPU time, over ten seconds. Beyond that the busiest are paused until half of
 * the share is left. Functions with a limit of their own are not in the sum, and with --max-cpu
 * there is none.
 */
#pragma once

#include "probes/costs.h"

/* Seconds. */
#ifndef RATE_GUARD_PERIOD
#define RATE_GUARD_PERIOD    5.0 /* between checks */
#define RATE_GUARD_WINDOW    10.0
#define RATE_GUARD_PAUSE     60.0
#define RATE_GUARD_PAUSE_MAX 3600.0
#endif

#ifndef RATE_GUARD_USER_SHARE
#define RATE_GUARD_USER_SHARE 0.25 /* of all CPUs */
#endif

struct rate_guard;

struct rate_guard *rate_guard__new(struct costs *costs); /* borrowed */
void rate_guard__free(struct rate_guard *guard);	 /* NULL is fine */

/* Reads the cells; call it every RATE_GUARD_PERIOD. max_cpu: share of all CPUs for all targets; 0:
 * no limit. Returns the number of targets to pause. */
size_t rate_guard__check(struct rate_guard *guard, const struct probe_table *table, double max_cpu,
			 double now);
/* Why the last check wants the target paused; NULL: it does not. */
const char *rate_guard__why_hot(const struct rate_guard *guard, const struct generation *g,
				uint32_t id);

/*
 * Begins a pause, and returns its length in seconds. With max_cpu, see above. Otherwise each pause
 * is twice as long as the last one, up to an hour. After an hour without a pause, the length starts
 * over.
 */
double rate_guard__pause(struct rate_guard *guard, const struct generation *g, uint32_t id,
			 double now);
/* The pause is over. */
bool rate_guard__is_due(const struct rate_guard *guard, const struct generation *g, uint32_t id,
			double now);
/* The target counts again. */
void rate_guard__resumed(struct rate_guard *guard, const struct generation *g, uint32_t id,
			 double now);
