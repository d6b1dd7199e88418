/* SPDX-License-Identifier: GPL-2.0-only */
/* Cgroup v2, mounted at /sys/fs/cgroup, or at /sys/fs/cgroup/unified on hybrid systems. */
#pragma once

#include "base/util.h"

/* Whether a path is in cgroup v2. */
bool cgroupfs__is_v2(const char *path);
/* Whether processes are in a v2 hierarchy, mounted here or not. */
bool cgroupfs__in_use(void);
/* The mount point of this process's own cgroups, to be freed; NULL: none. */
char *cgroupfs__mount_point(void);
/* The same, from a mountinfo(5) file. Prefers a mount of the whole hierarchy. */
char *cgroupfs__find(FILE *mountinfo, bool (*is_v2)(const char *path));
/* A descriptor of the machine's hierarchy, or of its visible part; -1: none. In a cgroup namespace
 * of our own, the whole needs a mount of the host's. */
int cgroupfs__open(void);
/* Whether the descriptor is of the whole hierarchy. */
bool cgroupfs__is_whole(int fd);
