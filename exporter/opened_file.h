/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose functions are probed, as one descriptor: what was parsed is what is attached to,
 * wherever its path leads by then. It is shared by all targets of the file, and is open for as long
 * as one of them is there.
 */
#ifndef OPENED_FILE_H
#define OPENED_FILE_H

#include "util.h"

/* One state of a file: another one has taken its place, or it was written to, if these differ. */
struct file_id {
	uint64_t dev, ino;
	int64_t mtime_ns, size;
};
/* All 0 if there is no such file. */
struct file_id file_id__of(const char *path);
bool file_id__same(const struct file_id *a, const struct file_id *b);

struct opened_file {
	unsigned int refs;
	int fd; /* read-only; a regular file */
	struct file_id id;
	int64_t ctime_ns;
	char path[32]; /* "/proc/self/fd/N": for the kernel, to find this very file */
};

/*
 * Opens it, in a child, so that nothing which that hangs on or sets off is ours: what is no regular
 * file is never opened, only looked at. A path through /proc/PID/root is resolved as that process
 * would, and ends in what it sees. 0; or -ENOENT or -ETIMEDOUT and *why (one line, to be freed).
 */
int opened_file__open(const char *path, struct opened_file **out, char **why);
struct opened_file *opened_file__ref(struct opened_file *f);
void opened_file__unref(struct opened_file *f); /* NULL is fine */
/* Is it as it was when it was opened? Asks no file server. */
bool opened_file__is_unchanged(const struct opened_file *f);

#endif /* OPENED_FILE_H */
