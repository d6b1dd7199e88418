/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/links.h"

#include "kernel/bpf_sys.h"

int many_links__open(struct attach_context *c)
{
	c->shared = xcalloc(1, sizeof(struct many_links));
	return 0;
}

static void close_link(struct many_links *l, struct many_link *link)
{
	if (link->leave >= 0)
		l->missed += bpf_sys__link_missed(link->leave);
	/* The exit first: of calls that are entered in between, nobody waits for the return. */
	cleanup__close(&link->leave);
	cleanup__close(&link->entry);
	link->entry = link->leave = -1;
}

void many_links__close(struct attach_context *c)
{
	struct many_links *l = take_ptr(c->shared);

	for (size_t i = 0; i < l->n; i++) {
		close_link(l, l->v[i]);
		free(l->v[i]);
	}
	free(l->v);
	free(l);
}

void many_links__detach(struct attach_context *c, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct many_link *link = take_ptr(slots[i]->state);

		slots[i]->attached = false;
		if (link && !--link->live)
			close_link(c->shared, link);
	}
}

void many_links__add(struct attach_context *c, int entry, int leave, struct attach_slot **slots,
		     size_t n)
{
	struct many_links *l = c->shared;
	struct many_link *link = xcalloc(1, sizeof(*link));
	double now = now_seconds();

	*link = (struct many_link){ entry, leave, n };
	*(struct many_link **)array__grow(&l->v, &l->n, sizeof(*l->v)) = link;
	for (size_t i = 0; i < n; i++) {
		slots[i]->state = link;
		slots[i]->attached = true;
		slots[i]->created = now;
	}
}

uint64_t many_links__missed(const struct attach_context *c)
{
	const struct many_links *l = c->shared;
	uint64_t missed = l->missed;

	for (size_t i = 0; i < l->n; i++)
		if (l->v[i]->leave >= 0)
			missed += bpf_sys__link_missed(l->v[i]->leave);
	return missed;
}
