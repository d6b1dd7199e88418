/* SPDX-License-Identifier: GPL-2.0-only */
/* Cgroup v2, wherever it is mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified on hybrid systems.
 */
#ifndef KERNEL_CGROUPFS_H
#define KERNEL_CGROUPFS_H

#include "base/util.h"

/* Whether a path is in cgroup v2. */
bool cgroupfs__is_v2(const char *path);
/* Whether there is a hierarchy of v2 that processes are in, be it mounted here or not. */
bool cgroupfs__in_use(void);
/* Where this process sees its own cgroups, to be freed; NULL: nowhere. */
char *cgroupfs__mount_point(void);
/* The same, by the text of a mountinfo(5) file; a mount of the whole hierarchy is preferred. */
char *cgroupfs__find(FILE *mountinfo, bool (*is_v2)(const char *path));
/* A descriptor of the machine's hierarchy, or of as much of it as can be seen from here; -1: there
 * is none. In a cgroup namespace of our own that takes a mount of the host's. */
int cgroupfs__open(void);
/* Whether that is all of it. */
bool cgroupfs__is_whole(int fd);

#endif /* KERNEL_CGROUPFS_H */
