/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/files.h"

#include <errno.h>

#include "attach/choice.h"
#include "attach/former.h"
#include "attach/jumps.h"
#include "attach/state.h"
#include "base/log.h"

/* Files that are to be attached, by slot. A slot may be that of a target. */
struct fresh {
	struct attach_slot **v;
	size_t n;
};

/* ---- places ---------------------------------------------------------------------------------- */

static bool is_at(const struct target *a, const struct target *b)
{
	return a->opened && b->opened && a->offset == b->offset &&
	       file_id__same(&a->inode, &b->inode);
}

static struct target *place_of(struct target *to, size_t i)
{
	return i ? to->more[i - 1] : to;
}

static bool is_wanted(struct target *to, const struct target *at)
{
	for (size_t i = 0; i <= to->nmore; i++)
		if (is_at(place_of(to, i), at))
			return true;
	return false;
}

static bool has(const struct attach *a, uint32_t id, const struct target *at)
{
	if (is_at(a->slots[id].target, at))
		return true;
	for (size_t i = 0; i < a->nformer; i++)
		if (a->former[i]->target->id == id && is_at(a->former[i]->target, at))
			return true;
	return false;
}

/* ---- files that went ------------------------------------------------------------------------- */

/* Both slots are of one mechanism, and in the same group. */
static void swap_places(struct attach_slot *slot, struct former *f)
{
	struct attach_slot was = *slot;

	target__swap_files(slot->target, f->target);
	slot->state = f->slot.state;
	slot->first_exit = f->slot.first_exit;
	f->slot.state = was.state;
	f->slot.first_exit = was.first_exit;
}

/* A wanted set of files, and the target that is to have it. */
struct wish {
	uint32_t id;
	struct target *to;
};

static bool is_gone(const struct target *at, const void *ctx)
{
	const struct wish *wish = ctx;

	return at->id == wish->id && !is_wanted(wish->to, at);
}

static struct former *find_wanted(struct attach *a, uint32_t id, struct target *to)
{
	for (size_t i = 0; i < a->nformer; i++)
		if (a->former[i]->target->id == id && is_wanted(to, a->former[i]->target))
			return a->former[i];
	return NULL;
}

/* Without a file left, the slot is empty until a new one is attached. */
static void drop_gone(struct attach *a, uint32_t id, struct target *to)
{
	struct attach_slot *slot = &a->slots[id];
	struct former *f = is_wanted(to, slot->target) ? NULL : find_wanted(a, id, to);

	if (f)
		swap_places(slot, f);
	former__detach_if(a, is_gone, &(struct wish){ id, to });
	if (slot->attached && !is_wanted(to, slot->target))
		group__take_out(groups__of(&a->groups, slot->ops, a->features), &slot, 1);
}

/* ---- files that came ------------------------------------------------------------------------- */

static bool is_empty(const struct attach_slot *slot, struct target *to)
{
	return !slot->attached && (!slot->paused || !is_wanted(to, slot->target));
}

/* The log has a file when it is left out for the first time. */
static void leave_out(struct attach_slot *slot, const struct target *at, const char *why)
{
	bool told = ++slot->target->left_out <= slot->told;

	log__line(told ? LOG_DEBUG : LOG_WARN, "%s:%s: calls in %s are not counted: %s",
		  slot->target->object, slot->target->function, at->opened->found, why);
}

static const char *objection(const struct attach *a, const struct attach_slot *slot,
			     const struct target *at)
{
	const char *why = choice__objection(a, slot, at);

	return why || jumps__have_room(a, at) ? why : "its function has too many exits";
}

static void add_place(struct attach *a, struct attach_slot *slot, struct fresh *fresh)
{
	struct group *g = groups__of(&a->groups, slot->ops, a->features);
	int err = jumps__place(a, slot, g->context.obj);

	if (err)
		slot__refuse(slot, err,
			     xasprintf("its exits cannot be stored: %s", strerror(-err)));
	if (err || slot->paused)
		return;
	/* A refused slot may be in it. */
	group__take_out(g, NULL, 0);
	*(struct attach_slot **)array__grow(&fresh->v, &fresh->n, sizeof(*fresh->v)) = slot;
}

/* Moves a place into the slot of the target. */
static void fill(struct attach_slot *slot, struct target *at)
{
	if (slot->target->reason == REASON_REFUSED)
		leave_out(slot, slot->target, slot->target->why);
	target__move_file(slot->target, at);
	if (!slot->paused)
		target__set_reason(slot->target, REASON_NONE, NULL);
}

static void add_new(struct attach *a, uint32_t id, struct target *to, struct fresh *fresh)
{
	struct attach_slot *slot = &a->slots[id];
	bool empty = is_empty(slot, to);

	for (size_t i = 0; i <= to->nmore; i++) {
		struct target *at = place_of(to, i);
		const char *why;

		if (!at->opened || has(a, id, at))
			continue;
		why = objection(a, slot, at);
		if (why) {
			leave_out(slot, at, why);
		} else if (empty) {
			empty = false;
			fill(slot, at);
			add_place(a, slot, fresh);
		} else {
			add_place(a, former__add(a, slot, at), fresh);
		}
	}
	slot->told = slot->target->left_out;
}

static void attach_in_group(struct group *g, const struct fresh *fresh)
{
	__cleanup_free struct attach_slot **slots = xcalloc(fresh->n + 1, sizeof(*slots));
	__cleanup_free double *created = xcalloc(fresh->n + 1, sizeof(*created));
	__cleanup_free struct attach_slot **sorted = xcalloc(fresh->n + 1, sizeof(*sorted));
	size_t n = 0;

	for (size_t i = 0; i < fresh->n; i++) {
		if (fresh->v[i]->ops != g->ops)
			continue;
		created[n] = fresh->v[i]->created;
		slots[n++] = fresh->v[i];
	}
	if (!n)
		return;
	memcpy(sorted, slots, n * sizeof(*sorted)); /* mechanisms sort them */
	for (size_t i = 0; i < n; i++)
		group__add(g, slots[i]);
	group__attach(g, sorted, n);
	group__drop_changed(g, sorted, n);
	/* The target goes on counting. */
	for (size_t i = 0; i < n; i++)
		if (created[i])
			slots[i]->created = created[i];
}

static bool is_refused(const struct target *at, const void *ctx)
{
	const struct attach_slot *slot = ctx;

	return at->id == slot->target->id && at->selected && at->reason != REASON_NONE;
}

/* A file that the kernel refuses is left out. */
static void drop_refused(struct attach *a, uint32_t id)
{
	struct attach_slot *slot = &a->slots[id];

	for (size_t i = 0; i < a->nformer; i++)
		if (is_refused(a->former[i]->target, slot))
			leave_out(slot, a->former[i]->target, a->former[i]->target->why);
	if (slot->ops)
		group__take_out(groups__of(&a->groups, slot->ops, a->features), NULL, 0);
	former__detach_if(a, is_refused, slot);
}

void files__update(struct attach *a, const uint32_t *ids, struct target *const *to, size_t n)
{
	struct fresh fresh = {};

	for (size_t i = 0; i < n; i++) {
		a->slots[ids[i]].target->left_out = to[i]->left_out;
		drop_gone(a, ids[i], to[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (a->slots[ids[i]].ops)
			add_new(a, ids[i], to[i], &fresh);
	for (size_t i = 0; i < a->groups.n; i++)
		if (a->groups.v[i].open)
			attach_in_group(&a->groups.v[i], &fresh);
	for (size_t i = 0; i < n; i++)
		drop_refused(a, ids[i]);
	free(fresh.v);
}

const struct target *files__at(const struct attach *a, uint32_t id, size_t i)
{
	if (!i)
		return a->slots[id].target;
	for (size_t k = 0; k < a->nformer; k++)
		if (a->former[k]->target->id == id && !--i)
			return a->former[k]->target;
	return NULL;
}
