/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples of calls in words, for a server (process/): the attacher writes them, the server reads.
 */
#pragma once

#include "base/image.h"

#define SAMPLES_KEPT 1000 /* of all probes together, the newest */

struct sample_name {
	const char *object, *function, *probe; /* probe NULL: it has no name */
};

struct sample_label {
	const char *name, *text;
};

struct sample_report {
	uint64_t number; /* of the sample, ascending from 1 on */
	double time;	 /* of the return, seconds since the epoch */
	uint64_t ns;	 /* duration; RP_SAMPLE_UNKNOWN: unknown */
	uint32_t pid, tid;
	const char *comm, *cgroup, *container_id, *pod_uid;
	const char *outcome, *value; /* as in retprobe_returns_total */
	bool has_ret;		     /* the result is a number */
	bool is_signed;
	uint64_t ret;
	struct sample_name *names; /* of the function: at least one */
	size_t nnames;
	struct sample_label *labels, *shown; /* shown: by `show` of the configuration */
	size_t nlabels, nshown;
	const char *stack;	 /* a line for each frame, the innermost first */
	const char *stack_error; /* why there is no stack; NULL: there is one, or none is wanted */
	const char *user_stack, *user_stack_error; /* likewise; with an error, frames may be "?" */
};

struct samples_report {
	struct sample_report *v; /* the newest first */
	size_t n;
};

/* Reads or writes all fields. What is read points into the image. */
void samples_report__image(struct image *io, struct samples_report *r);
/* Frees the arrays, not the texts. */
void samples_report__free(struct samples_report *r);
