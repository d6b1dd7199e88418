/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/group.h"

#include <sys/mman.h>

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

/* Hundreds of links take minutes: urgent work is done between them. */
void group__detach(struct group *g, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (slots[i]->attached)
			g->ops->detach(&g->context, slots[i]);
		slots[i]->attached = false;
		progress__poll();
	}
	if (g->ops->detached)
		g->ops->detached(&g->context, slots, n);
}

void group__close(struct group *g)
{
	if (!g->open)
		return;
	group__detach(g, g->slots, g->n);
	if (g->ops->close)
		g->ops->close(&g->context);
	g->open = false;
}

/* ---- mapped files ---------------------------------------------------------------------------- */

/*
 * The kernel checks the instruction under a uprobe when a process maps it. If no process has the
 * file mapped, a link to an instruction that cannot be probed is made all the same: it never
 * counts, without an error. So a file is mapped here while its uprobes are made, and the kernel
 * refuses such a function.
 */
struct mapped_file {
	const struct opened_file *file;
	void *start; /* MAP_FAILED: it could not be mapped */
	size_t size;
};

struct mapped_files {
	struct mapped_file *v;
	size_t n;
};

/* Read-only: then uprobes do not write to the mapping (valid_vma() in kernel/events/uprobes.c).
 * Never read: the file may have been truncated. */
static struct mapped_file map_file(const struct opened_file *f)
{
	return (struct mapped_file){
		.file = f,
		.size = f->id.size,
		.start = mmap(NULL, f->id.size, PROT_READ, MAP_PRIVATE, f->fd, 0),
	};
}

static bool is_mapped(const struct mapped_files *m, const struct opened_file *f)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].file == f)
			return true;
	return false;
}

/* Maps the files of the slots' user functions; nothing for other targets. */
static struct mapped_files map_files(struct attach_slot **slots, size_t n)
{
	struct mapped_files m = {};

	for (size_t i = 0; i < n; i++) {
		const struct target *t = slots[i]->target;

		if (target__is_in_file(t) && !is_mapped(&m, t->opened))
			*(struct mapped_file *)array__grow(&m.v, &m.n, sizeof(*m.v)) =
				map_file(t->opened);
	}
	return m;
}

static void unmap_files(struct mapped_files *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].start != MAP_FAILED)
			munmap(m->v[i].start, m->v[i].size);
	free(m->v);
}

/* In batches where each target has a link of its own, for the sake of urgent work. */
void group__attach(struct group *g, struct attach_slot **slots, size_t n)
{
	struct mapped_files mapped = map_files(slots, n);
	size_t batch = g->ops->shares_links ? n : BATCH;

	for (size_t i = 0; i < n; i += batch) {
		g->ops->attach(&g->context, slots + i, batch < n - i ? batch : n - i);
		progress__poll();
	}
	unmap_files(&mapped);
}

void group__drop_changed(struct group *g, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct attach_slot *slot = slots[i];
		struct target *t = slot->target;

		if (!slot->attached || !target__is_in_file(t) ||
		    opened_file__is_unchanged(t->opened))
			continue;
		group__detach(g, &slot, 1);
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

	group__detach(g, slots, n);
	for (size_t i = 0; i < g->n; i++)
		if (g->slots[i]->attached)
			g->slots[kept++] = g->slots[i];
	g->n = kept;
}
