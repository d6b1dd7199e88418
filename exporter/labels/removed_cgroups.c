/* SPDX-License-Identifier: GPL-2.0-only */
#include "labels/removed_cgroups.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "base/errno_names.h"
#include "base/log.h"

struct removed {
	uint64_t id;
	char *path; /* NULL: none */
};

struct removed_cgroups {
	struct object *obj;
	int link;
	struct removed last[OBJECT_REMOVED_CGROUPS];
	size_t next; /* the oldest */
};

struct removed_cgroups *removed_cgroups__watch(struct object *obj)
{
	int prog = programs__fd(object__programs(obj), PROG_CGROUP_REMOVED, NULL), link;
	struct removed_cgroups *r;
	char name[16];

	link = prog < 0 ? prog : bpf_raw_tracepoint_open("cgroup_rmdir", prog);
	if (link < 0) {
		log_warn("cannot watch the removal of cgroups: %s (it needs CAP_BPF and "
			 "CAP_PERFMON). Labels of containers that end within a second of their "
			 "first call may be empty",
			 errno_name(prog < 0 ? -prog : errno, name, sizeof(name)));
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	r->obj = obj;
	r->link = link;
	return r;
}

void removed_cgroups__free(struct removed_cgroups *r)
{
	if (!r)
		return;
	close(r->link);
	for (size_t i = 0; i < ARRAY_SIZE(r->last); i++)
		free(r->last[i].path);
	free(r);
}

/* Fetches what is new, but no more than is kept. A path that fills its place may have been cut. */
static void fetch(struct removed_cgroups *r)
{
	struct rp_removed_cgroup c;

	for (size_t i = 0; i < ARRAY_SIZE(r->last) && object__take_removed_cgroup(r->obj, &c);
	     i++) {
		struct removed *oldest = &r->last[r->next];
		size_t len = strnlen(c.path, sizeof(c.path));

		free(oldest->path);
		*oldest = (struct removed){ c.id, len + 1 < sizeof(c.path) ? xstrndup(c.path, len)
									   : NULL };
		r->next = (r->next + 1) % ARRAY_SIZE(r->last);
	}
}

char *removed_cgroups__path(struct removed_cgroups *r, uint64_t id)
{
	if (!r)
		return NULL;
	fetch(r);
	for (size_t i = 0; i < ARRAY_SIZE(r->last); i++)
		if (r->last[i].path && r->last[i].id == id)
			return xstrdup(r->last[i].path);
	return NULL;
}
