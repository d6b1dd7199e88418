/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the pages get their data from. */
#pragma once

#include "expose/metrics_input.h"
#include "http/route.h"

struct history;

struct pages_source {
	void *ctx;
	/* Fills *in, valid until it is released. 0 or a negative errno; -ETIMEDOUT: not before the
	 * deadline (monotonic seconds, 0: none). */
	int (*acquire)(void *ctx, double deadline, struct metrics_input *in);
	void (*release)(void *ctx, struct metrics_input *in);
	bool (*ready)(void *ctx);
	/* NULL: not allowed. 0, or a negative errno with *error, one line, to be freed. */
	int (*reload)(void *ctx, char **error);
	/* Appends a report of the calls in progress (scan/report.h). 0 or a negative errno;
	 * -ETIMEDOUT: the attacher is busy. */
	int (*calls)(void *ctx, struct buf *out);
	/* The same for samples of calls (samples/report.h). */
	int (*samples)(void *ctx, struct buf *out);
	struct history *history; /* pages/history.h; NULL: none */
};

/* The line that /-/ready and others answer before the probes are attached. */
#define PAGES_NOT_READY "retprobe_exporter is not ready: still attaching."

/* Acquires what a request needs, within its timeout, and sets the function filter. False: the
 * response says why not. */
bool pages_source__acquire(const struct pages_source *s, const struct http_request *req,
			   struct metrics_input *in, struct http_response *res);
/* Whether the request names the function, or none at all. */
bool pages_source__wants(const struct http_request *req, const char *function);
void pages_source__release(const struct pages_source *s, struct metrics_input *in);
