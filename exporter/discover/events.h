/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracepoints of this machine. */
#pragma once

#include "discover/sources.h"
#include "discover/target.h"

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
/* Whether there is such a tracepoint. */
bool events__have(const struct events *e, const char *name);
/* Why there is none of that name or glob, to be freed. *reason: REASON_WAITING if its module can be
 * loaded. */
char *events__missing(struct sources *src, const struct events *e, const char *name,
		      enum target_reason *reason);
