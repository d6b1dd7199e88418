/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/by_function.h"

#include <errno.h>

#include "attach/former.h"
#include "attach/site.h"
#include "attach/state.h"
#include "kernel/kprobe_events.h"
#include "kernel/perf_event.h"

#define ANSWERS 4096 /* tasks that may wait for an answer, by a supervisor or tracer, at a time */

struct answers {
	struct kprobe_events *events;
	bool defined;
	struct perf_attachment leave;
};

bool by_function__is_one(const struct attach_slot *slot)
{
	return slot->target->type == TARGET_SYSCALL && slot->ops &&
	       slot->ops->type == TARGET_KERNEL;
}

unsigned by_function__needs(const struct attach_slot *slot)
{
	return slot->ops->needs | (by_function__is_one(slot) ? attach_kretprobe.needs : 0);
}

void by_function__add_slots(struct attach *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct attach_slot *slot = &a->slots[i];

		for (size_t k = 0; by_function__is_one(slot) && k < slot->target->nmore; k++)
			group__add(groups__of(&a->groups, slot->ops, a->features),
				   former__add_function(a, slot, slot->target->more[k]));
	}
}

/* ---- answered calls -------------------------------------------------------------------------- */

static void close_answers(struct answers *x)
{
	if (!x)
		return;
	perf_event__close(&x->leave);
	if (x->defined)
		kprobe_events__remove(x->events, KPROBE_RETURN, 0);
	kprobe_events__close(x->events);
	free(x);
}

static int attach_answers(uint64_t addr, struct object *obj, struct answers *x)
{
	int program = programs__fd(object__programs(obj), PROG_SYSCALL_ANSWERED, NULL), err;
	__cleanup_free char *place = xasprintf("0x%lx", (unsigned long)addr);

	if (program < 0)
		return program;
	err = kprobe_events__define(x->events, KPROBE_RETURN, 0, place, ANSWERS);
	if (err)
		return err;
	x->defined = true;
	return perf_event__attach(
		perf_event__open_tracepoint(kprobe_events__number(x->events, KPROBE_RETURN, 0)),
		program, 0, &x->leave);
}

/* 0, or the errno of the first attempt. */
static int open_answers(struct attach *a, uint64_t addr, struct object *obj)
{
	struct answers *x;

	if (a->answers || a->answers_error)
		return a->answers_error;
	if (a->off & attach_kretprobe.needs) /* it would not be armed later */
		return -EPERM;
	x = xcalloc(1, sizeof(*x));
	x->leave = PERF_ATTACHMENT_NONE;
	a->answers_error = kprobe_events__open(features__tracefs(a->features), &x->events);
	if (!a->answers_error) {
		kprobe_events__lock(x->events);
		a->answers_error = attach_answers(addr, obj, x);
		kprobe_events__unlock(x->events);
	}
	if (a->answers_error)
		close_answers(x);
	else
		a->answers = x;
	return a->answers_error;
}

void by_function__close(struct attach *a)
{
	close_answers(take_ptr(a->answers));
}

/* ---- attaching ------------------------------------------------------------------------------- */

static void refuse(struct attach_slot *slot, int err)
{
	__cleanup_free char *advice = advice__of(ATTEMPT_EVENT, err, (struct demand){});

	slot__refuse(slot, err,
		     xasprintf("calls that a seccomp filter answers cannot be counted with %s: %s",
			       slot->ops->name, advice));
}

size_t by_function__refuse(struct attach *a, struct group *g, struct object *obj, size_t n)
{
	__cleanup_free struct attach_slot **out = xcalloc(n + 1, sizeof(*out));
	size_t kept = 0, nout = 0;

	for (size_t i = 0; i < n; i++) {
		struct attach_slot *slot = g->slots[i];
		const struct capture_spec *capture = slot->target->capture;
		int err =
			by_function__is_one(slot)
				? open_answers(a, a->slots[slot->target->id].target->answerer, obj)
				: 0;

		if (!err && by_function__is_one(slot) && capture)
			err = object__set_answered_program(obj, capture);
		if (!err) {
			g->slots[kept++] = slot;
			continue;
		}
		refuse(slot, err);
		out[nout++] = slot;
	}
	memcpy(g->slots + kept, out, nout * sizeof(*out));
	return kept;
}

/* The first of the target's slots that is not attached; NULL: none. */
static struct attach_slot *find_detached(struct attach_slot **slots, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (slots[i]->target->id == id && !slots[i]->attached)
			return slots[i];
	return NULL;
}

void by_function__detach_incomplete(struct group *g, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct attach_slot *slot = slots[i], *missing;

		missing = by_function__is_one(slot) && slot->attached
				  ? find_detached(slots, n, slot->target->id)
				  : NULL;
		if (!missing)
			continue;
		group__detach(g, &slot, 1);
		target__set_reason(slot->target, REASON_REFUSED,
				   missing->target->why ? xstrdup(missing->target->why) : NULL);
	}
}

void by_function__settle(struct attach *a, struct group *g)
{
	size_t kept = 0;

	by_function__detach_incomplete(g, g->slots, g->n);
	for (size_t i = 0; i < g->n; i++) {
		struct attach_slot *slot = g->slots[i];

		if (slot->former && by_function__is_one(slot) && !slot->attached && !slot->paused)
			former__drop(a, slot);
		else
			g->slots[kept++] = slot;
	}
	g->n = kept;
}

static struct object *object_of(struct attach *a, const struct attach_slot *slot)
{
	return groups__of(&a->groups, slot->ops, a->features)->context.obj;
}

void by_function__publish(struct attach *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct attach_slot *slot = &a->slots[i];
		const struct target *t = slot->target;
		struct object *obj = by_function__is_one(slot) ? object_of(a, slot) : NULL;
		uint64_t native;

		if (!obj)
			continue;
		native = slot->attached ? site__of(t).spec : 0;
		object__set_functions(obj, t->nr, false, native);
		object__set_functions(obj, t->nr_x32, false, native);
		object__set_functions(obj, t->nr32, true,
				      slot->attached ? site__compat_spec(t) : 0);
	}
}
