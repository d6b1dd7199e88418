/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/multi_links.h"

#include "attach/batch.h"

int multi_links__open(struct attach_context *c)
{
	c->shared = xcalloc(1, sizeof(struct multi_links));
	return 0;
}

static void close_link(struct multi_links *l, struct multi_link *link)
{
	if (link->leave >= 0)
		l->missed += bpf_sys__link_missed(link->leave);
	/* The exit first, so that no entry is counted whose return would not be. */
	cleanup__close(&link->leave);
	cleanup__close(&link->entry);
	link->entry = link->leave = -1;
}

void multi_links__close(struct attach_context *c)
{
	struct multi_links *l = take_ptr(c->shared);

	for (size_t i = 0; i < l->n; i++) {
		close_link(l, l->v[i]);
		free(l->v[i]);
	}
	free(l->v);
	free(l);
}

void multi_links__detach(struct attach_context *c, struct attach_slot *slot)
{
	struct multi_link *link = take_ptr(slot->state);

	if (!--link->live)
		close_link(c->shared, link);
}

static int link_one(struct attach_context *c, const struct multi_kind *k, int id,
		    struct attach_slot **slots, size_t n, bool is_return)
{
	int prog = programs__fd(object__programs(c->obj), id, slots[0]->target->capture);

	return k->link(c, k->type, prog, slots, n, is_return);
}

static int link_batch(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	const struct multi_kind *k = slots[0]->ops->multi;
	bool untimed = slots[0]->target->untimed;
	struct multi_links *l = c->shared;
	struct multi_link *link;
	int entry = -1, leave;

	if (k->entry >= 0 && !untimed) {
		entry = link_one(c, k, k->entry, slots, n, false);
		if (entry < 0)
			return entry;
	}
	leave = link_one(c, k, untimed ? k->count : k->leave, slots, n, k->entry >= 0);
	if (leave < 0) {
		cleanup__close(&entry);
		return leave;
	}
	link = xcalloc(1, sizeof(*link));
	*link = (struct multi_link){ entry, leave, n };
	*(struct multi_link **)array__grow(&l->v, &l->n, sizeof(*l->v)) = link;
	slot__set_attached(slots, n, link);
	return 0;
}

void multi_links__attach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	batch__attach(c, slots, n, link_batch);
}

uint64_t multi_links__missed(const struct attach_context *c)
{
	const struct multi_links *l = c->shared;
	uint64_t missed = l->missed;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i]->leave >= 0)
			missed += bpf_sys__link_missed(l->v[i]->leave);
	return missed;
}
