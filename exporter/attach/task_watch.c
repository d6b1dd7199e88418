/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/task_watch.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "kernel/tracefs.h"

int task_watch__open(struct features *f, struct object *obj, const char *subsystem,
		     const char *event, enum program_id program, enum program_id raw,
		     struct task_watch *out)
{
	bool perf = features__has(f, FEATURE_TRACEFS) && features__has(f, FEATURE_PERF_EVENTS);
	int prog = programs__fd(object__programs(obj), perf ? program : raw, NULL), id;

	*out = TASK_WATCH_NONE;
	if (prog < 0)
		return prog;
	if (perf) {
		id = tracefs__event_id(features__tracefs(f), subsystem, event);
		return perf_event__attach(perf_event__open_tracepoint(id), prog, 0, &out->event);
	}
	out->raw = bpf_raw_tracepoint_open(event, prog);
	return out->raw < 0 ? -errno : 0;
}

void task_watch__close(struct task_watch *w)
{
	perf_event__close(&w->event);
	cleanup__close(&w->raw);
}
