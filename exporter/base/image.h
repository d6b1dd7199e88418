/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structs as data, from one process to another of the same program.
 *
 * What a struct consists of is said once, by a function that calls these for one field after the
 * other; it writes or reads as the image does. A fault is noted, after which nothing is done any
 * more, so that it is looked for once, at the end.
 */
#ifndef BASE_IMAGE_H
#define BASE_IMAGE_H

#include "base/buf.h"

struct image {
	struct buf *out;	/* writing; NULL: reading, */
	const char *next, *end; /* of which so much is left */
	int err;		/* 0; -EINVAL: what is read is something else; -ENOMEM */
};

/* As they are in memory: for what has no pointers in it. */
void image__bytes(struct image *io, void *p, size_t len);
#define image__field(io, p) image__bytes(io, p, sizeof(*(p)))
void image__flag(struct image *io, bool *flag);
/* Or NULL. What is read stays where the image is. */
void image__string(struct image *io, const char **s);
/* Bytes, which stay there likewise. */
void image__block(struct image *io, const char **p, size_t *len);
/* The number of an array's elements, which the caller then writes or reads; for reading, makes
 * room, zeroed, to be freed: image__array(io, &v, &n, sizeof(*v)). */
void image__array(struct image *io, void *arrayp, size_t *n, size_t size);
/* Whether what has been read may be so. */
void image__expect(struct image *io, bool right);
bool image__is_reading(const struct image *io);

#endif /* BASE_IMAGE_H */
