/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Containers and pods in the path of a cgroup, as runtimes and the kubelet name them. Of containers
 * in containers (kind, docker in docker) the innermost one counts.
 */
#ifndef KERNEL_CGROUP_PATH_H
#define KERNEL_CGROUP_PATH_H

/* "containerd://ID" where the path tells the runtime, else "ID"; "" outside of containers. To be
 * freed. */
char *cgroup_path__container_id(const char *path);
/* A pod's UID with dashes; of a static pod, the 32 digits of its file's hash. "" if there is none.
 * To be freed. */
char *cgroup_path__pod_uid(const char *path);

#endif /* KERNEL_CGROUP_PATH_H */
