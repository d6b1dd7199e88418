/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths of removed cgroups. A label set has the id of its cgroup, and the exporter looks for the
 * path later. A container may be gone by then, and its id leads nowhere.
 */
#pragma once

#include "abi.h"
#include "kernel.h"

/* When it is full, the oldest entry makes room. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, sizeof(struct rp_removed_cgroup));
} removed_cgroups SEC(".maps");

/* Too large for the stack. The kernel removes one cgroup at a time (cgroup_mutex). */
static struct rp_removed_cgroup removed_cgroup;

/* Arguments: struct cgroup *, const char *path. */
SEC("raw_tp")
int cgroup_removed(struct bpf_raw_tracepoint_args *ctx)
{
	struct cgroup___rp *cgroup = (void *)ctx->args[0];
	struct rp_removed_cgroup *r = &removed_cgroup;

	/* Ids are unique in a hierarchy. That of v2 has number 0. */
	if (BPF_CORE_READ(cgroup, root, hierarchy_id))
		return 0;
	r->id = BPF_CORE_READ(cgroup, kn, id);
	if (bpf_probe_read_kernel_str(r->path, sizeof(r->path), (void *)ctx->args[1]) > 0)
		bpf_map_push_elem(&removed_cgroups, r, BPF_EXIST);
	return 0;
}
