/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The container and the pod in the path of a cgroup, as runtimes and the kubelet name them. For
 * nested containers (kind, docker in docker) the result is the innermost.
 */
#pragma once

/* "containerd://ID", or "ID" of an unknown runtime; "" outside containers. To be freed. */
char *cgroup_path__container_id(const char *path);
/* A pod's UID with dashes; for a static pod, the 32 digits of its file's hash; "" without a pod. To
 * be freed. */
char *cgroup_path__pod_uid(const char *path);
