/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls in progress of a generation: runs its task iterator, and tells how long the calls have been
 * running. Where the mechanism keeps the start of a call, that is exact. Else it is the time since
 * a scan first saw the call: at least as long as that.
 */
#pragma once

#include "attach/attach.h"
#include "base/shared_memory.h"
#include "counts/in_flight.h"

/* A task with calls in progress. */
struct scan_task {
	struct rp_scan_task info;
	size_t first_addr; /* index in scan_calls.addrs */
};

struct scan_call {
	uint32_t id, task; /* index in scan_calls.tasks */
	uint32_t frame;	   /* of the task's stack; RP_SCAN_NO_FRAME: none */
	bool at_least;	   /* it may have been running for longer */
	uint64_t age;	   /* ns, as of the scan */
};

/* The calls that a scan found; those of later tasks are left out if there are too many. */
struct scan_calls {
	struct scan_task *tasks;
	struct scan_call *v;
	uint64_t *addrs;
	size_t ntasks, n, naddrs;
};

struct scan;
/* Borrows its arguments. NULL: no memory that can be shared. */
struct scan *scan__new(struct attach *a, struct object *obj, struct features *f);
void scan__free(struct scan *s); /* NULL is fine */

/* Whether there is something to look for. */
bool scan__is_needed(const struct scan *s);
/* Adds to its totals. */
struct scan_totals {
	uint64_t tasks; /* looked at */
	bool truncated; /* some calls were not counted */
	double until;	/* of this process's CPU time: when to stop; seconds */
};
/* 0 or a negative errno; then no calls are known. */
int scan__run(struct scan *s, struct scan_totals *totals);

/* As of the last run. */
const struct scan_calls *scan__calls(const struct scan *s);
const struct shared_memory *scan__shared(const struct scan *s);
