/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that one process writes, and that others can only read by its descriptor. Only the writer
 * has a writable mapping; forked processes do not inherit it, and no other can be made.
 *
 * So readers can trust the content. The writer still keeps its state elsewhere and puts a copy
 * here, so that it never depends on memory that others can reach.
 */
#pragma once

#include "base/util.h"

struct shared_memory {
	void *addr; /* NULL: none */
	size_t size;
	int fd;
};

/* Zeroed. Untouched pages take no memory. 0 or a negative errno. */
int shared_memory__new(struct shared_memory *s, size_t size);
void shared_memory__free(struct shared_memory *s); /* zeroed is fine */
/* Maps a descriptor of such memory, read-only. NULL with errno. */
const void *shared_memory__map(int fd, size_t size);

/* A copy of data that nobody can change, not even its writer. A descriptor or a negative errno. */
int shared_memory__seal(const void *data, size_t len);
/* Whether a descriptor is of such a copy. */
bool shared_memory__is_sealed(int fd);

/* Copies words atomically: a concurrent reader gets the old or the new value of each. */
void shared_memory__put(void *to, const void *from, size_t nwords);
