/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel looks at the instruction under a uprobe when a process maps it. If that cannot be
 * replaced, a link made before is there and never counts, and nobody hears of it. So while uprobes
 * are made, their files are mapped here, and what cannot be probed is refused.
 */
#include "attach/internal.h"

#include <sys/mman.h>

/* Not writable: uprobes leave such mappings alone (valid_vma() in kernel/events/uprobes.c). Never
 * read: the file may have been cut short. */
static void map_object(const struct opened_file *f, struct mapped_object *m)
{
	m->file = f;
	m->size = f->id.size;
	m->start = mmap(NULL, m->size, PROT_READ, MAP_PRIVATE, f->fd, 0);
}

static bool is_mapped(const struct mapped_objects *m, const struct opened_file *f)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].file == f)
			return true;
	return false;
}

void attach__map_objects(const struct group *g, struct mapped_objects *out)
{
	*out = (struct mapped_objects){};
	for (size_t i = 0; i < g->n && g->ops->type == TARGET_USER; i++) {
		const struct opened_file *f = g->slots[i]->target->opened;

		if (!is_mapped(out, f))
			map_object(f, array__grow(&out->v, &out->n, sizeof(*out->v)));
	}
}

void attach__unmap_objects(struct mapped_objects *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].start != MAP_FAILED)
			munmap(m->v[i].start, m->v[i].size);
	free(m->v);
}

void attach__drop_changed(struct group *g, struct attach_slot **slots, size_t n)
{
	for (size_t i = 0; i < n && g->ops->type == TARGET_USER; i++) {
		struct attach_slot *slot = slots[i];
		struct target *t = slot->target;

		if (!slot->attached || opened_file__is_unchanged(t->opened))
			continue;
		g->ops->detach(&g->context, &slot, 1);
		attach__refuse(slot, 0,
			       xasprintf("%s was written to while its functions were being "
					 "attached; it is tried again",
					 t->object));
		/* As no file is: the watch finds it changed. */
		t->file = (struct file_id){};
	}
}
