/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A uprobe belongs to a file, not to its path. When an upgrade replaces the file, running processes
 * keep the former one. So the target is attached to the new file too, with the same mechanism and
 * id: both files count into the same cells. The attachment to the former file gets a slot of its
 * own in the group.
 */
#include "attach/former.h"

#include <errno.h>

#include "attach/choice.h"
#include "attach/jumps.h"
#include "attach/state.h"

#define FORMER_MAX 8 /* files of a target */

/* ---- following ------------------------------------------------------------------------------ */

const char *former__cannot_follow(const struct attach *a, uint32_t id, const struct target *to)
{
	const struct attach_slot *slot = &a->slots[id];

	if (!slot->attached)
		return "it is not attached at the moment";
	if (former__count(a, id) >= FORMER_MAX)
		return "it was replaced too often";
	if (!jumps__have_room(a, to))
		return "the new file's function has too many exits";
	return choice__objection(a, slot, to);
}

/* A further file of the slot's target, without a location. */
static struct former *new_former(struct attach *a, const struct attach_slot *slot)
{
	struct former *f = xcalloc(1, sizeof(*f));
	const struct target *t = slot->target;

	f->target = target__new(t->type, t->object, t->function);
	f->target->id = t->id;
	f->target->kind = t->kind;
	f->target->ret_size = t->ret_size;
	f->target->selected = t->selected;
	f->target->settings = t->settings;
	f->target->untimed = t->untimed;
	f->target->capture = t->capture; /* borrowed */
	f->slot = *slot;
	f->slot.target = f->target;
	f->slot.former = true;
	*(struct former **)array__grow(&a->former, &a->nformer, sizeof(*a->former)) = f;
	return f;
}

/* Moves the current attachment to a slot for the former file. */
static void set_aside(struct attach *a, struct attach_slot *slot)
{
	struct former *f = new_former(a, slot);

	target__move_file(f->target, slot->target);
	group__add(groups__of(&a->groups, slot->ops, a->features), &f->slot);
	slot->state = NULL;
	slot->attached = false;
}

struct attach_slot *former__add(struct attach *a, const struct attach_slot *slot, struct target *at)
{
	struct former *f = new_former(a, slot);

	target__move_file(f->target, at);
	f->slot.state = NULL;
	f->slot.attached = false;
	return &f->slot;
}

struct attach_slot *former__add_function(struct attach *a, const struct attach_slot *slot,
					 const struct target *function)
{
	struct former *f = new_former(a, slot);

	target__set_function(f->target, function);
	return &f->slot;
}

static void follow_in_group(struct attach *a, struct group *g, const uint32_t *ids,
			    struct target *const *to, size_t n)
{
	__cleanup_free struct attach_slot **slots = xcalloc(n + 1, sizeof(*slots));
	__cleanup_free double *created = xcalloc(a->n + 1, sizeof(*created));
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		struct attach_slot *slot = &a->slots[ids[i]];

		if (slot->ops != g->ops)
			continue;
		created[ids[i]] = slot->created;
		set_aside(a, slot);
		target__move_file(slot->target, to[i]);
		if (jumps__place(a, slot, g->context.obj))
			slot__refuse(slot, -ENOSPC,
				     xasprintf("no room for its exits next to those of the "
					       "replaced file"));
		else
			slots[found++] = slot;
	}
	group__attach(g, slots, found);
	group__drop_changed(g, slots, found);
	for (size_t i = 0; i < found; i++)
		slots[i]->created = created[slots[i]->target->id];
}

void former__follow(struct attach *a, const uint32_t *ids, struct target *const *to, size_t n)
{
	for (size_t i = 0; i < a->groups.n; i++)
		if (a->groups.v[i].open)
			follow_in_group(a, &a->groups.v[i], ids, to, n);
}

/* ---- detaching ------------------------------------------------------------------------------ */

static void free_former(struct former *f)
{
	f->target->capture = NULL;
	target__free(f->target);
	free(f);
}

void former__drop(struct attach *a, const struct attach_slot *slot)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->nformer; i++) {
		struct former *f = a->former[i];

		if (&f->slot == slot)
			free_former(f);
		else
			a->former[kept++] = f;
	}
	a->nformer = kept;
}

static void detach(struct attach *a, struct former *f)
{
	struct attach_slot *slot = &f->slot;

	if (slot->attached)
		group__take_out(groups__of(&a->groups, slot->ops, a->features), &slot, 1);
	free_former(f);
}

void former__detach_if(struct attach *a, bool (*is_gone)(const struct target *t, const void *ctx),
		       const void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->nformer; i++) {
		struct former *f = a->former[i];

		if (is_gone(f->target, ctx))
			detach(a, f);
		else
			a->former[kept++] = f;
	}
	a->nformer = kept;
}

static bool is_of_target(const struct target *t, const void *id)
{
	return t->id == *(const uint32_t *)id;
}

static bool is_in_file(const struct target *t, const void *file)
{
	return t->opened == file;
}

void former__detach(struct attach *a, uint32_t id)
{
	former__detach_if(a, is_of_target, &id);
}

void former__detach_file(struct attach *a, const struct opened_file *f)
{
	former__detach_if(a, is_in_file, f);
}

void former__free(struct attach *a)
{
	for (size_t i = 0; i < a->nformer; i++)
		free_former(a->former[i]);
	free(a->former);
}

size_t former__count(const struct attach *a, uint32_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nformer; i++)
		n += a->former[i]->target->id == id && a->former[i]->target->opened;
	return n;
}

const struct target *former__next(const struct attach *a, int after)
{
	const struct target *next = NULL;

	for (size_t i = 0; i < a->nformer; i++) {
		const struct target *t = a->former[i]->target;

		if (!t->selected && t->opened && t->opened->fd > after &&
		    (!next || t->opened->fd < next->opened->fd))
			next = t;
	}
	return next;
}
