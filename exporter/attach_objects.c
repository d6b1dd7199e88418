/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel looks at the instruction under a uprobe when a process maps it. If that cannot be
 * replaced, a link made before is there and never counts, and nobody hears of it. So while uprobes
 * are made, their files are mapped here, and what cannot be probed is refused.
 */
#include "attach_internal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Not writable: uprobes leave such mappings alone (valid_vma() in kernel/events/uprobes.c). */
static void map_object(const char *path, struct mapped_object *m)
{
	__cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	m->path = path;
	m->start = MAP_FAILED;
	if (fd < 0 || fstat(fd, &st))
		return;
	m->size = st.st_size;
	m->start = mmap(NULL, m->size, PROT_READ, MAP_PRIVATE, fd, 0);
}

static bool is_mapped(const struct mapped_objects *m, const char *path)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->v[i].path, path))
			return true;
	return false;
}

void attach__map_objects(const struct group *g, struct mapped_objects *out)
{
	*out = (struct mapped_objects){};
	for (size_t i = 0; i < g->n && g->ops->type == TARGET_USER; i++) {
		const char *path = g->slots[i]->target->object;

		if (!is_mapped(out, path))
			map_object(path, array__grow(&out->v, &out->n, sizeof(*out->v)));
	}
}

void attach__unmap_objects(struct mapped_objects *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].start != MAP_FAILED)
			munmap(m->v[i].start, m->v[i].size);
	free(m->v);
}
