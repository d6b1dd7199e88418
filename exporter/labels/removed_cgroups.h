/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths of cgroups that were removed since they are watched (bpf/cgroups.bpf.h). The last
 * OBJECT_REMOVED_CGROUPS are known. A label set is named within a second or two, unless that many
 * are removed meanwhile.
 */
#pragma once

#include "object/object.h"

struct removed_cgroups;

/* Needs PROG_CGROUP_REMOVED. Borrows obj. NULL: they cannot be watched, which is logged. */
struct removed_cgroups *removed_cgroups__watch(struct object *obj);
void removed_cgroups__free(struct removed_cgroups *r); /* NULL is fine */
/* The path from the root of the hierarchy, to be freed. NULL: not known to be removed, or too long.
 * r may be NULL. */
char *removed_cgroups__path(struct removed_cgroups *r, uint64_t id);
