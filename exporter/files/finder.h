/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking up paths. All of this may block for as long as the file system does. */
#pragma once

#include "base/util.h"

/* The state of a file. It differs if the file was written to or replaced. */
struct file_id {
	uint64_t dev, ino;
	int64_t mtime_ns, size;
};
bool file_id__same(const struct file_id *a, const struct file_id *b);

struct file_state {
	struct file_id id;
	int64_t ctime_ns;
	uint32_t mode, uid, gid;
};

/*
 * Looks a path up without opening the file (O_PATH). A path through /proc/PID/root is resolved as
 * that process would resolve it, and cannot leave its root. A descriptor or a negative errno.
 */
int file_finder__find(const char *path);
/* The length of the "/proc/PID/root" that path goes through; 0: none. */
size_t file_finder__root(const char *path);
/* The path without symbolic links, within the root that it goes through. False: there is no such
 * file, or the path is too long. */
bool file_finder__resolve(const char *path, char *out, size_t size);
/* asks: may ask a file server. 0 or a negative errno. */
int file_finder__look(int fd, bool asks, struct file_state *out);
/* Names a part of the path that others than root can change, in words; "" if there is none.
 * trusts_mounts: what is mounted read-only cannot be changed. Not for paths in other mount
 * namespaces, whose owners may mount a writable directory so. */
void file_finder__weakness(const char *path, bool trusts_mounts, char *out, size_t size);
