/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/group.h"

#include "attach/mapped_files.h"
#include "base/progress.h"

#define BATCH 64

struct group *groups__of(struct groups *gs, const struct attach_ops *ops, struct features *f)
{
	struct group *g;

	for (size_t i = 0; i < gs->n; i++)
		if (gs->v[i].ops == ops)
			return &gs->v[i];
	g = &gs->v[gs->n++];
	g->ops = ops;
	g->context.features = f;
	return g;
}

void group__add(struct group *g, struct attach_slot *slot)
{
	if (g->n == g->room) {
		g->room = 2 * g->room + 16;
		g->slots = xreallocarray(g->slots, g->room, sizeof(struct attach_slot *));
	}
	g->slots[g->n++] = slot;
}

int group__open(struct group *g)
{
	int err = g->ops->open ? g->ops->open(&g->context) : 0;
	__cleanup_free char *advice = NULL;

	g->open = !err;
	g->was_open |= g->open;
	if (!err)
		return 0;
	advice = advice__of(ATTEMPT_EVENT, err, (struct demand){});
	for (size_t i = 0; i < g->n; i++)
		slot__refuse(g->slots[i], err,
			     xasprintf("%s cannot be set up: %s", g->ops->name, advice));
	return err;
}

/* In batches where each target has a link of its own: hundreds take minutes, and urgent work is
 * done between the batches. */
static void in_batches(struct group *g, struct attach_slot **slots, size_t n,
		       void (*act)(struct attach_context *c, struct attach_slot **slots, size_t n))
{
	size_t batch = g->ops->shares_links ? n : BATCH;

	for (size_t i = 0; i < n; i += batch) {
		act(&g->context, slots + i, batch < n - i ? batch : n - i);
		progress__poll();
	}
}

void group__close(struct group *g)
{
	if (!g->open)
		return;
	in_batches(g, g->slots, g->n, g->ops->detach);
	if (g->ops->close)
		g->ops->close(&g->context);
	g->open = false;
}

void group__attach(struct group *g, struct attach_slot **slots, size_t n)
{
	struct mapped_files mapped = mapped_files__new(slots, n);

	in_batches(g, slots, n, g->ops->attach);
	mapped_files__free(&mapped);
}

void group__drop_changed(struct group *g, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n && g->ops->type == TARGET_USER; i++) {
		struct attach_slot *slot = slots[i];
		struct target *t = slot->target;

		if (!slot->attached || opened_file__is_unchanged(t->opened))
			continue;
		g->ops->detach(&g->context, &slot, 1);
		slot__refuse(slot, 0,
			     xasprintf("%s was written to while its functions were being "
				       "attached; it is tried again",
				       t->object));
		/* The identity of no file: the watch then finds that the file has changed. */
		t->file = (struct file_id){};
	}
}

void group__take_out(struct group *g, struct attach_slot **slots, size_t n)
{
	size_t kept = 0;

	g->ops->detach(&g->context, slots, n);
	for (size_t i = 0; i < g->n; i++)
		if (g->slots[i]->attached)
			g->slots[kept++] = g->slots[i];
	g->n = kept;
}
