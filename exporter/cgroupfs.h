/* SPDX-License-Identifier: GPL-2.0-only */
/* Where cgroup v2 is mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified on hybrid systems. */
#ifndef CGROUPFS_H
#define CGROUPFS_H

#include "util.h"

/* Whether a path is in cgroup v2. */
bool cgroupfs__is_v2(const char *path);
/* The mount point, to be freed; NULL if there is none. */
char *cgroupfs__mount_point(void);
/* The same, by the text of a mountinfo(5) file; a mount of the whole hierarchy is preferred. */
char *cgroupfs__find(FILE *mountinfo, bool (*is_v2)(const char *path));

#endif /* CGROUPFS_H */
