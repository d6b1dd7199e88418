/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls in progress in words, for a server (process/): the attacher writes them, the server reads.
 */
#pragma once

#include "base/image.h"

#define REPORT_CALLS 1000
#define REPORT_BYTES (4 << 20)

struct report_name {
	const char *object, *function, *probe; /* probe NULL: it has no name */
};

struct report_call {
	struct report_name *names; /* of the function: at least one */
	size_t nnames;
	uint64_t age;  /* ns, as of the scan */
	bool at_least; /* it may have been running for longer */
	uint32_t pid, tid;
	const char *comm, *cgroup, *container_id, *pod_uid;
	const char *stack; /* a line for each frame, the innermost first */
};

/* A function whose calls cannot be told. */
struct report_unknown {
	struct report_name name;
	const char *why;
};

struct report {
	double scanned;		   /* seconds since the epoch; 0: never */
	bool truncated;		   /* there are more calls */
	struct report_call *calls; /* the longest first */
	size_t ncalls;
	struct report_unknown *unknown;
	size_t nunknown;
};

/* Reads or writes all fields. What is read points into the image. */
void report__image(struct image *io, struct report *r);
/* Frees the arrays, not the texts. */
void report__free(struct report *r);
