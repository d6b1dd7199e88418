/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/task_watch.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "kernel/tracefs.h"

/* Both variants are the same; either is loaded if some target needs it. */
static int program_of(const struct object *obj, enum program_id id)
{
	int prog = programs__fd(object__programs(obj), id, false);

	return prog < 0 ? programs__fd(object__programs(obj), id, true) : prog;
}

static int open_event(struct features *f, int prog, const char *subsystem, const char *name,
		      struct perf_attachment *out)
{
	int id = tracefs__event_id(features__tracefs(f), subsystem, name), event;

	if (id < 0)
		return id;
	event = perf_event__open_tracepoint(id);
	return event < 0 ? event : perf_event__attach(event, prog, 0, out);
}

int task_watch__open(struct features *f, struct object *obj, const char *subsystem,
		     const char *event, enum program_id program, enum program_id raw,
		     struct task_watch *out)
{
	bool perf = features__has(f, FEATURE_TRACEFS) && features__has(f, FEATURE_PERF_EVENTS);
	int prog = program_of(obj, perf ? program : raw);

	*out = TASK_WATCH_NONE;
	if (prog < 0)
		return prog;
	if (perf)
		return open_event(f, prog, subsystem, event, &out->event);
	out->raw = bpf_raw_tracepoint_open(event, prog);
	return out->raw < 0 ? -errno : 0;
}

void task_watch__close(struct task_watch *w)
{
	perf_event__close(&w->event);
	cleanup__close(&w->raw);
}
