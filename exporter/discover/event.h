/* SPDX-License-Identifier: GPL-2.0-only */
/* Patterns of tracepoints. */
#pragma once

#include "discover/discovery.h"

#define EVENT_OBJECT "tracepoint"

/* All tracepoints of the machine. */
struct events {
	char *text;	    /* which names point to; NULL: the list cannot be read */
	const char **names; /* "block:block_rq_issue" */
	size_t n;
};

void events__read(const struct discover_env *env, struct events *out);
void events__free(struct events *e); /* its members */
/* "block_rq_issue(dev_t dev, sector_t sector, ...)", without what all events have. To be freed;
 * NULL: its format cannot be read. */
char *events__signature(const struct discover_env *env, const char *name);

/* Claims the tracepoints that the pattern names. -EINVAL with d->claims.error. */
int event__resolve(struct discovery *d, const struct request *r);
