/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the task iterator of a generation (bpf/scan.bpf.h), which finds calls in progress. The
 * kernel walks some tasks at a time, so that it does not occupy a CPU for long.
 */
#pragma once

#include "bpf/scan.h"
#include "object/object.h"

/* A task that was found. The arrays are in the memory of the call that reports it. */
struct scan_found {
	struct rp_scan_task task;
	const struct rp_scan_call *calls;
	const uint64_t *addrs; /* return addresses of its kernel stack, innermost first */
};

struct scan_run {
	void (*found)(void *ctx, const struct scan_found *f);
	bool (*enough)(void *ctx); /* asked after each batch: stop here */
	void *ctx;
	/* Set by the run. */
	uint64_t tasks;	   /* that were looked at */
	uint64_t unlisted; /* calls that found() did not get: a task had too many */
	bool stopped;	   /* enough() said so */
};

/* Loads the program, which takes longer than a run. 0 or a negative errno; -ENOENT: the object has
 * no such program. */
int object_scan__open(struct object *o);
/* The same, and runs it. */
int object_scan__run(struct object *o, struct scan_run *run);

/* Start times of kernel functions' calls in flight, as of now. */
struct object_starts;
struct object_starts *object_scan__starts(const struct object *o);
void object_starts__free(struct object_starts *s); /* NULL is fine */
/*
 * The start of a call of target id on a kernel stack, whose lowest address is `stack`; 0: unknown.
 * The stack has n calls of the target, of which this is number i, from the innermost on. through:
 * 0, or the bias of trampolines.
 */
uint64_t object_starts__find(const struct object_starts *s, uint32_t id, uint64_t stack,
			     uint64_t through, uint32_t i, uint32_t n);
/* What distinguishes the keys of calls that fexit has entered; 0 before the first task was found.
 */
uint64_t object_scan__bias(const struct object *o);
