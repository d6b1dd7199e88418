/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that run when tasks begin and end: for mechanisms that must know of that. */
#ifndef ATTACH_TASKS_H
#define ATTACH_TASKS_H

#include "attach/attach.h"
#include "kernel/perf_event.h"

struct task_watch {
	struct perf_attachment event;
	int raw; /* in its place, where perf events are not to be had; -1: none */
};

#define TASK_WATCH_NONE ((struct task_watch){ PERF_ATTACHMENT_NONE, -1 })

/* Attaches `program` to the tracepoint, or else `raw`. 0 or a negative errno; either way *out is
 * for task_watch__close(). */
int task_watch__open(struct features *f, struct object *obj, const char *subsystem,
		     const char *event, enum program_id program, enum program_id raw,
		     struct task_watch *out);
void task_watch__close(struct task_watch *w);

#endif /* ATTACH_TASKS_H */
