/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/answers.h"

#include "kernel/kprobe_events.h"
#include "kernel/perf_event.h"

static const struct row {
	enum kprobe_kind kind;
	uint32_t event;
	enum program_id program;
} rows[] = {
	{ KPROBE_RETURN, 0, PROG_SYSCALL_ANSWERED },
	/* The entry first, so that the return knows of each stop. */
	{ KPROBE_ENTRY, 1, PROG_SYSCALL_STOPS },
	{ KPROBE_RETURN, 1, PROG_SYSCALL_STOPPED },
};
#define EVENTS 2 /* their numbers are below */

struct answers {
	struct kprobe_events *events;
	struct programs *programs;
	size_t n, ndefined; /* of the rows */
	struct perf_attachment attachments[ARRAY_SIZE(rows)];
};

void answers__close(struct answers *x)
{
	if (!x)
		return;
	for (size_t i = x->n; i--;)
		perf_event__close(&x->attachments[i]);
	for (size_t i = x->ndefined; i--;)
		kprobe_events__remove(x->events, rows[i].kind, rows[i].event);
	kprobe_events__close(x->events);
	free(x);
}

static int attach_row(struct answers *x, const struct row *row, uint64_t addr,
		      struct perf_attachment *out)
{
	int program = programs__fd(x->programs, row->program, NULL), err;
	__cleanup_free char *place = xasprintf("0x%lx", (unsigned long)addr);

	if (program < 0)
		return program;
	err = kprobe_events__define(x->events, row->kind, row->event, place, ANSWERS);
	if (err)
		return err;
	x->ndefined++;
	return perf_event__attach(perf_event__open_tracepoint(
					  kprobe_events__number(x->events, row->kind, row->event)),
				  program, 0, out);
}

int answers__open(struct features *f, struct object *obj, const struct answerer *at,
		  struct answers **out)
{
	struct answers *x = xcalloc(1, sizeof(*x));
	int err = kprobe_events__open(features__tracefs(f), &x->events);

	x->programs = object__programs(obj);
	x->n = at->stops ? ARRAY_SIZE(rows) : 1;
	for (size_t i = 0; i < x->n; i++)
		x->attachments[i] = PERF_ATTACHMENT_NONE;
	if (!err)
		kprobe_events__lock(x->events);
	for (size_t i = 0; i < x->n && !err; i++)
		err = attach_row(x, &rows[i], rows[i].event ? at->stops : at->addr,
				 &x->attachments[i]);
	if (err) {
		answers__close(x);
		return err;
	}
	kprobe_events__unlock(x->events);
	*out = x;
	return 0;
}

/* The kernel counts skipped programs, and in kprobe_profile skipped breakpoints together with
 * returns without a slot. */
void answers__count(struct answers *x, uint64_t missed[MISSED_MAX])
{
	struct kprobe_profile entries[EVENTS], returns[EVENTS];
	struct kprobe_profile *profile[] = { [KPROBE_ENTRY] = entries, [KPROBE_RETURN] = returns };

	for (size_t i = 0; i < x->n; i++)
		missed[MISSED_RECURSION] += programs__count(x->programs, rows[i].program).skipped;
	if (kprobe_events__profile(x->events, profile, EVENTS))
		return;
	for (size_t i = 0; i < x->n; i++)
		missed[MISSED_MAXACTIVE] += profile[rows[i].kind][rows[i].event].missed;
}
