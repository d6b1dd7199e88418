/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel checks the instruction under a uprobe when a process maps it. If no process has the
 * file mapped, a link to an instruction that cannot be probed is made all the same: it never
 * counts, without an error. So a file is mapped here while its uprobes are made, and the kernel
 * refuses such a function.
 */
#include "attach/mapped_files.h"

#include <sys/mman.h>

struct mapped_file {
	const struct opened_file *file;
	void *start; /* MAP_FAILED: it could not be mapped */
	size_t size;
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

struct mapped_files mapped_files__new(struct attach_slot **slots, size_t n)
{
	struct mapped_files m = {};

	for (size_t i = 0; i < n; i++) {
		const struct target *t = slots[i]->target;

		if (t->type == TARGET_USER && !is_mapped(&m, t->opened))
			*(struct mapped_file *)array__grow(&m.v, &m.n, sizeof(*m.v)) =
				map_file(t->opened);
	}
	return m;
}

void mapped_files__free(struct mapped_files *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].start != MAP_FAILED)
			munmap(m->v[i].start, m->v[i].size);
	free(m->v);
}
