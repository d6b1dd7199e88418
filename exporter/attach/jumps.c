/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/jumps.h"

#include <errno.h>

#include "attach/site.h"
#include "object/maps.h"

static void mark_used(bool *used, const struct attach_slot *slot)
{
	size_t n = site__jumps(slot->target, NULL);

	for (size_t i = 0; i < n; i++)
		used[slot->first_exit + i] = true;
}

/* The first of n free places in a row; -1: none. */
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

int jumps__place(const struct attach *a, struct attach_slot *slot, struct object *obj)
{
	const struct target *t = slot->target;
	__cleanup_free struct rp_exit *v = xcalloc(t->exits.n + 1, sizeof(*v));
	size_t n = site__jumps(t, v);
	int64_t first;

	slot->first_exit = 0;
	first = find_room(a, n);
	if (first < 0)
		return -ENOSPC;
	slot->first_exit = first;
	return object_maps__set_exits(obj, first, v, n);
}

bool jumps__have_room(const struct attach *a, const struct target *t)
{
	return find_room(a, site__jumps(t, NULL)) >= 0;
}
