/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that run when tasks begin or end. */
#pragma once

#include "kernel/features.h"
#include "kernel/perf_event.h"
#include "object/object.h"

struct task_watch {
	struct perf_attachment event;
	int raw; /* used instead where perf events are not available; -1: none */
};

#define TASK_WATCH_NONE ((struct task_watch){ PERF_ATTACHMENT_NONE, -1 })

/* Attaches `program` to the tracepoint, or `raw` where perf events are not available. 0 or a
 * negative errno; in both cases *out is for task_watch__close(). */
int task_watch__open(struct features *f, struct object *obj, const char *subsystem,
		     const char *event, enum program_id program, enum program_id raw,
		     struct task_watch *out);
void task_watch__close(struct task_watch *w);
