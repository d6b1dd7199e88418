/* SPDX-License-Identifier: GPL-2.0-only */
/* The text of a label's value: names of cgroups, functions and enumerators for their numbers. */
#pragma once

#include "bpf/abi.h"
#include "expr/capture.h"
#include "object/object.h"

struct label_namer;

/* proc: "/proc" */
struct label_namer *label_namer__new(const char *proc);
void label_namer__free(struct label_namer *n); /* NULL is fine */
/* The path, the container or the pod of a cgroup, as the labels have it. To be freed. */
char *label_namer__cgroup(struct label_namer *n, enum label_part part, uint64_t id);
/* Before the first call that is counted: has cgroups named that are removed soon after it. Borrows
 * obj, which has PROG_CGROUP_REMOVED. */
void label_namer__watch_cgroups(struct label_namer *n, struct object *obj);
/* The value of one label of a set, in UTF-8, to be freed. Other bytes are written as \xNN. */
char *label_namer__text(struct label_namer *n, const struct capture_label *label,
			const struct rp_label_key *key);
