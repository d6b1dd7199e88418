/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/tracepoint_event.h"

#include "kernel/tracefs.h"

static int id_of(const struct attach_context *c, const char *name)
{
	__cleanup_free char *group = xstrdup(name);
	char *event = strchr(group, ':');

	*event++ = '\0';
	return tracefs__event_id(features__tracefs(c->features), group, event);
}

int tracepoint_event__attach(struct attach_context *c, enum program_id program,
			     const struct program_site *site, const char *name,
			     struct tracepoint_event *out, enum attempt *at)
{
	uint64_t cookie;

	*out = TRACEPOINT_EVENT_NONE;
	*at = ATTEMPT_CLONE;
	out->program = programs__for_site(object__programs(c->obj), program, site, &cookie);
	if (out->program < 0)
		return out->program;
	*at = ATTEMPT_ATTACH;
	return perf_event__attach(perf_event__open_tracepoint(id_of(c, name)), out->program, cookie,
				  &out->at);
}

void tracepoint_event__detach(struct tracepoint_event *e)
{
	perf_event__close(&e->at);
}
