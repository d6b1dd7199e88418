/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that one process writes, and that others, to whom it gives the descriptor, can only read:
 * no mapping of it can be made writable but the one that the writer has, and no process that is
 * forked has that one.
 *
 * So what is in there can be believed by whoever reads. Its writer keeps its own state elsewhere
 * all the same, and puts a copy here: then nothing depends on it that others could reach.
 */
#ifndef BASE_SHARED_H
#define BASE_SHARED_H

#include "base/util.h"

struct shared_memory {
	void *addr; /* NULL: there is none */
	size_t size;
	int fd;
};

/* Zeroed; what is never touched takes no memory. 0 or a negative errno. */
int shared__new(struct shared_memory *s, size_t size);
void shared__free(struct shared_memory *s); /* zeroed is fine */
/* What a descriptor of it has, read-only; NULL with errno. */
const void *shared__map(int fd, size_t size);

/*
 * The other way of sharing: data that nobody changes any more, who has made it neither. A
 * descriptor or a negative errno.
 */
int shared__seal(const void *data, size_t len);
/* Whether a descriptor is of that. */
bool shared__is_sealed(int fd);

/* Copies n words, each of them at once: who reads a word meanwhile has the old or the new one. */
void shared__put(void *to, const void *from, size_t nwords);

#endif /* BASE_SHARED_H */
