/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A uprobe is on a file, not on its path. When an upgrade puts another file in its place, programs
 * that run go on with the former one. So the target is attached to the new file, too, by the same
 * mechanism and with the same number: both count in the same cells. What is attached to the former
 * file has a slot of its own, which is in the group like any other.
 */
#include "attach/internal.h"

#include <errno.h>

#define FORMER_MAX 8 /* files of a target */

/* ---- the table of jumps ---------------------------------------------------------------------- */

static size_t count_jumps(const struct target *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->exits.n; i++)
		n += t->exits.v[i].is_jump;
	return n;
}

static void mark_used(bool *used, const struct attach_slot *slot)
{
	size_t n = count_jumps(slot->target);

	for (size_t i = 0; i < n; i++)
		used[slot->first_exit + i] = true;
}

/* The first of n places in a row that nobody uses; -1: there are none. */
static int64_t find_room(const struct attach *a, size_t n)
{
	size_t room = OBJECT_EXITS(a->nexits), run = 0;
	__cleanup_free bool *used = xcalloc(room, sizeof(*used));

	if (!n)
		return 0;
	for (size_t i = 0; i < a->n; i++)
		mark_used(used, &a->slots[i]);
	for (size_t i = 0; i < a->nformer; i++)
		mark_used(used, &a->former[i]->slot);
	for (size_t i = 0; i < room; i++) {
		run = used[i] ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return -1;
}

static int place_exits(const struct attach *a, struct attach_slot *slot, struct object *obj)
{
	const struct target *t = slot->target;
	size_t n = count_jumps(t), k = 0;
	__cleanup_free struct rp_exit *v = xcalloc(n + 1, sizeof(*v));
	int64_t first;

	slot->first_exit = 0;
	for (size_t i = 0; i < t->exits.n; i++) {
		if (!t->exits.v[i].is_jump)
			continue;
		v[k] = t->exits.v[i].how;
		v[k++].desc = attach__ret_site(t).spec;
	}
	first = find_room(a, n);
	if (first < 0)
		return -ENOSPC;
	slot->first_exit = first;
	return object_maps__set_exits(obj, first, v, n);
}

/* ---- following -------------------------------------------------------------------------------
 */

const char *attach__cannot_follow(const struct attach *a, uint32_t id, const struct target *to)
{
	const struct attach_slot *slot = &a->slots[id];

	if (!slot->attached)
		return "it is not attached at the moment";
	if (attach__count_former(a, id) >= FORMER_MAX)
		return "it was replaced too often";
	if (find_room(a, count_jumps(to)) < 0)
		return "the new file's function has too many exits";
	return attach__objection(a, slot, to);
}

/* What is attached now becomes that of a former file. */
static void set_aside(struct attach *a, struct attach_slot *slot)
{
	struct former *f = xcalloc(1, sizeof(*f));
	const struct target *t = slot->target;

	f->target = target__new(t->type, t->object, t->function);
	f->target->id = t->id;
	f->target->kind = t->kind;
	f->target->ret_size = t->ret_size;
	f->target->settings = t->settings;
	f->target->extra = t->extra; /* borrowed */
	target__move_file(f->target, slot->target);
	f->slot = *slot;
	f->slot.target = f->target;
	f->slot.former = true;
	*(struct former **)array__grow(&a->former, &a->nformer, sizeof(*a->former)) = f;
	group__add(attach__group_of(a, slot->ops), &f->slot);
	slot->state = NULL;
	slot->attached = false;
}

static void attach_new(struct group *g, struct attach_slot **slots, size_t n)
{
	struct mapped_objects mapped;

	attach__map_objects(g, &mapped);
	attach__in_batches(g, slots, n, g->ops->attach);
	attach__unmap_objects(&mapped);
	attach__drop_changed(g, slots, n);
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
		if (place_exits(a, slot, g->context.obj))
			attach__refuse(slot, -ENOSPC,
				       xasprintf("its exits have no room beside those of the "
						 "file that it was in"));
		else
			slots[found++] = slot;
	}
	if (found)
		attach_new(g, slots, found);
	for (size_t i = 0; i < found; i++)
		slots[i]->created = created[slots[i]->target->id];
}

void attach__follow(struct attach *a, const uint32_t *ids, struct target *const *to, size_t n)
{
	for (size_t i = 0; i < a->ngroups; i++)
		if (a->groups[i].open)
			follow_in_group(a, &a->groups[i], ids, to, n);
}

/* ---- letting go ------------------------------------------------------------------------------
 */

static void free_former(struct former *f)
{
	f->target->extra = NULL;
	target__free(f->target);
	free(f);
}

static void let_go(struct attach *a, struct former *f)
{
	struct attach_slot *slot = &f->slot;

	if (slot->attached)
		attach__take_out(attach__group_of(a, slot->ops), &slot, 1);
	free_former(f);
}

/* Of a target, or (id UINT32_MAX) of a file. */
static void let_go_of(struct attach *a, uint32_t id, const struct opened_file *file)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->nformer; i++) {
		struct former *f = a->former[i];

		if (f->target->id == id || (file && f->target->opened == file))
			let_go(a, f);
		else
			a->former[kept++] = f;
	}
	a->nformer = kept;
}

void attach__forget_former(struct attach *a, uint32_t id)
{
	let_go_of(a, id, NULL);
}

void attach__let_go_former(struct attach *a, const struct opened_file *f)
{
	let_go_of(a, UINT32_MAX, f);
}

void attach__free_former(struct attach *a)
{
	for (size_t i = 0; i < a->nformer; i++)
		free_former(a->former[i]);
	free(a->former);
}

size_t attach__count_former(const struct attach *a, uint32_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nformer; i++)
		n += a->former[i]->target->id == id;
	return n;
}

const struct target *attach__next_former(const struct attach *a, int after)
{
	const struct target *next = NULL;

	for (size_t i = 0; i < a->nformer; i++) {
		const struct target *t = a->former[i]->target;

		if (t->opened->fd > after && (!next || t->opened->fd < next->opened->fd))
			next = t;
	}
	return next;
}
