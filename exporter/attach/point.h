/* SPDX-License-Identifier: GPL-2.0-only */
/* A program on a tracepoint. */
#pragma once

#include "attach/mechanism.h"
#include "kernel/perf_event.h"

struct tracepoint_event {
	struct perf_attachment at;
	int program; /* owned by struct programs; 0: none */
};
#define TRACEPOINT_EVENT_NONE ((struct tracepoint_event){ { -1, -1 }, 0 })

/* name: "block:block_rq_issue". 0; or a negative errno with *at, and *out is none. */
int tracepoint_event__attach(struct attach_context *c, enum program_id program,
			     const struct program_site *site, const char *name,
			     struct tracepoint_event *out, enum attempt *at);
void tracepoint_event__detach(struct tracepoint_event *e);
