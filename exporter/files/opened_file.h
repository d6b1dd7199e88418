/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose functions are probed, as one descriptor: probes are attached to the very file that
 * was parsed, even if its path leads elsewhere by then. All targets of the file share it. It stays
 * open as long as one of them exists.
 */
#pragma once

#include "files/finder.h"

struct opened_file {
	unsigned int refs;
	int fd; /* read-only; a regular file */
	struct file_id id;
	struct file_id inode; /* id, or the id under which the same inode was opened earlier */
	bool stacked;	      /* on overlayfs */
	int64_t ctime_ns;
	uint32_t uid;		  /* owner */
	char *found;		  /* the path by which it was opened */
	char path[32];		  /* "/proc/self/fd/N": for the kernel, to find this very file */
	struct opened_file *next; /* in the list of all open files */
	char *weakness;		  /* file_finder__weakness(), or NULL */
};

/*
 * Opens a file in a child, as it may hang. Only regular files are opened, as opening others can
 * have effects. 0; or -ENOENT or -ETIMEDOUT and *why (one line, to be freed). *id: the file at the
 * path, opened or not; all 0 if unknown.
 */
int opened_file__open(const char *path, struct opened_file **out, struct file_id *id, char **why);
/* Opens a file that was found: found is its descriptor (O_PATH), and path is for messages. Returns
 * as above. */
int opened_file__open_found(int found, const char *path, struct opened_file **out, char **why);
/*
 * Opens the first of several paths that is a regular file. next() runs in the child: it writes path
 * i, or returns false if there are no more. *index: the path to begin with, then the path that was
 * opened. -ENOENT: none could be opened.
 */
typedef bool opened_file_next(void *ctx, size_t i, char *path, size_t size);
int opened_file__open_first(opened_file_next *next, void *ctx, const char *what, size_t *index,
			    struct opened_file **out, char **why);
struct opened_file *opened_file__ref(struct opened_file *f);
void opened_file__unref(struct opened_file *f); /* NULL is fine */
/* Whether the file is as it was when it was opened. Asks no file server. */
bool opened_file__is_unchanged(const struct opened_file *f);
