/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event: tracepoints, by a program on the perf event of each. It is a clone with the target's
 * descriptor in its code.
 *
 * Raw tracepoint programs would be cheaper. But the kernel skips them while a task is preempted
 * inside one, and they have the tracepoint's arguments instead of the fields of its record.
 */
#include "attach/batch.h"
#include "attach/site.h"
#include "kernel/perf_event.h"
#include "kernel/tracefs.h"

struct event {
	struct perf_attachment at;
	int program; /* owned by struct programs */
};

/* "block:block_rq_issue" */
static int id_of(const struct attach_context *c, const struct target *t)
{
	__cleanup_free char *group = xstrdup(t->function);
	char *event = strchr(group, ':');

	*event++ = '\0';
	return tracefs__event_id(features__tracefs(c->features), group, event);
}

static void detach(struct attach_context *c, struct attach_slot *slot)
{
	struct event *e = take_ptr(slot->state);

	perf_event__close(&e->at);
	free(e);
}

static int attach_one(struct attach_context *c, struct attach_slot *slot, enum attempt *at)
{
	struct event *e = slot->state = xcalloc(1, sizeof(*e));
	struct program_site site = site__of(slot->target);
	uint64_t cookie;

	e->at = PERF_ATTACHMENT_NONE;
	*at = ATTEMPT_CLONE;
	e->program = programs__for_site(object__programs(c->obj), PROG_EVENT_COUNT, &site, &cookie);
	if (e->program < 0)
		return e->program;
	*at = ATTEMPT_ATTACH;
	return perf_event__attach(perf_event__open_tracepoint(id_of(c, slot->target)), e->program,
				  cookie, &e->at);
}

/* A clone belongs to one target, and so do its skipped runs. */
static void count(struct attach_context *c, struct attach_slot **slots, size_t n,
		  struct kernel_counts *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct event *e = slots[i]->state;

		if (slots[i]->attached)
			out[slots[i]->target->id].missed[MISSED_RECURSION] +=
				programs__count_fd(e->program).skipped;
	}
}

static const char *caveat(struct features *f)
{
	return "before Linux 6.7, the kernel does not count the events that it skips because they "
	       "interrupt another BPF program on their CPU";
}

const struct attach_ops attach_event = {
	.name = "event",
	.type = TARGET_EVENT,
	.counting = PROG_BIT(PROG_EVENT_COUNT),
	.missed = 1U << MISSED_RECURSION,
	.files = 2,
	.requires = FEATURE_BIT(FEATURE_TRACEFS) | FEATURE_BIT(FEATURE_PERF_EVENTS),
	.caveat = caveat,
	.attach = batch__attach_each,
	.attach_one = attach_one,
	.detach = detach,
	.count = count,
};
