/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/by_function.h"

#include <errno.h>

#include "attach/answers.h"
#include "attach/former.h"
#include "attach/site.h"
#include "attach/state.h"

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

/* 0, or the errno of the first attempt. */
static int open_answers(struct attach *a, const struct answerer *at, struct object *obj)
{
	if (a->answers || a->answers_error)
		return a->answers_error;
	if (a->off & attach_kretprobe.needs) /* it would not be armed later */
		return -EPERM;
	a->answers_error = answers__open(a->features, obj, at, &a->answers);
	return a->answers_error;
}

bool by_function__count_answers(const struct attach *a, uint64_t missed[MISSED_MAX])
{
	if (a->answers)
		answers__count(a->answers, missed);
	return a->answers;
}

void by_function__close(struct attach *a)
{
	answers__close(take_ptr(a->answers));
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
				? open_answers(a, &a->slots[slot->target->id].target->answerer, obj)
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
