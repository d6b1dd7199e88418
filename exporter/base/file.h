/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole files as text. */
#pragma once

#include "base/util.h"

struct file_reading {
	size_t max;  /* bytes; a longer file is -EFBIG. 0: no limit */
	bool secret; /* leave no copy of the content in freed memory */
	/* Called before each read of a non-blocking descriptor, to wait for data. 0, or a negative
	 * errno that ends the reading. */
	int (*await)(void *ctx, int fd);
	void *ctx;
};

/*
 * Reads to the end. *out has a NUL behind its *len bytes and is to be freed; len may be NULL. 0 or
 * a negative errno, -ENOMEM included.
 */
int file__read_fd(int fd, const struct file_reading *how, char **out, size_t *len);
/* The same for a path, relative to the directory descriptor dir or AT_FDCWD. */
int file__read(int dir, const char *path, size_t max, char **out, size_t *len);

/* Reads the first size - 1 bytes, by one read(2): enough for a file of procfs or sysfs. Returns
 * their number; out has a NUL behind them, also on failure, which is a negative errno. */
ssize_t file__read_head(int dir, const char *path, char *out, size_t size);
