/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths to files, for those that have time: all of this may hang with the file system under it. */
#ifndef FILES_FINDER_H
#define FILES_FINDER_H

#include "base/util.h"

/* One state of a file: another one has taken its place, or it was written to, if these differ. */
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
 * Looks a path up, without opening what is there (O_PATH). A path through /proc/PID/root is
 * resolved as that process would, and ends in what that process sees. A descriptor or a negative
 * errno.
 */
int file_finder__find(const char *path);
/* The length of "/proc/PID/root" if path goes through one; 0: its root is ours. */
size_t file_finder__root(const char *path);
/* The path without symbolic links, as it is in the root that it goes through. False: there is
 * nothing, or it is too long. */
bool file_finder__resolve(const char *path, char *out, size_t size);
/* asks: a file server may be asked. 0 or a negative errno. */
int file_finder__look(int fd, bool asks, struct file_state *out);
/* What of it, or of the directories and links on the way to it, others than root may change: in
 * words, "" if nothing. */
void file_finder__weakness(const char *path, char *out, size_t size);

#endif /* FILES_FINDER_H */
