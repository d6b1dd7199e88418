/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose functions are probed, as one descriptor: what was parsed is what is attached to,
 * wherever its path leads by then. It is shared by all targets of the file, and is open for as long
 * as one of them is there.
 */
#ifndef FILES_OPENED_FILE_H
#define FILES_OPENED_FILE_H

#include "files/finder.h"

struct opened_file {
	unsigned int refs;
	int fd; /* read-only; a regular file */
	struct file_id id;
	struct file_id inode; /* id; or that of the same inode, where it was opened earlier */
	bool stacked;	      /* on overlayfs */
	int64_t ctime_ns;
	uint32_t uid;		  /* its owner */
	char *found;		  /* the path by which it was opened */
	char path[32];		  /* "/proc/self/fd/N": for the kernel, to find this very file */
	struct opened_file *next; /* of all that are open */
	char *weakness; /* what others than root may change of it, or on the way to it; or NULL */
};

/*
 * Opens it, in a child, so that nothing which that hangs on or sets off is ours: what is no regular
 * file is never opened, only looked at. 0; or -ENOENT or -ETIMEDOUT and *why (one line, to be
 * freed). *id: what is there, opened or not; all 0 if that cannot be told.
 */
int opened_file__open(const char *path, struct opened_file **out, struct file_id *id, char **why);
/*
 * The same for the first of several paths at which there is a regular file. next() runs in the
 * child; it writes path i, or returns false: there are no more. *index: the path to begin with, and
 * the one that was opened. -ENOENT: none of them.
 */
typedef bool opened_file_next(void *ctx, size_t i, char *path, size_t size);
int opened_file__open_first(opened_file_next *next, void *ctx, const char *what, size_t *index,
			    struct opened_file **out, char **why);
struct opened_file *opened_file__ref(struct opened_file *f);
void opened_file__unref(struct opened_file *f); /* NULL is fine */
/* Is it as it was when it was opened? Asks no file server. */
bool opened_file__is_unchanged(const struct opened_file *f);

#endif /* FILES_OPENED_FILE_H */
