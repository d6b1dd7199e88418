/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structs as bytes, for another process of the same program.
 *
 * One function per struct calls these for each field; it reads or writes as the image says. After
 * an error further calls do nothing, so check ->err once, at the end.
 */
#pragma once

#include "base/buf.h"

struct image {
	struct buf *out;	/* to write to; NULL: reading */
	const char *next, *end; /* the rest to read */
	int err;		/* 0; -EINVAL: malformed; -ENOMEM */
};

/* Raw bytes, for types without pointers. */
void image__bytes(struct image *io, void *p, size_t len);
#define image__field(io, p) image__bytes(io, p, sizeof(*(p)))
void image__flag(struct image *io, bool *flag);
/* A string or NULL. What is read points into the image. */
void image__string(struct image *io, const char **s);
/* Bytes; what is read points into the image. */
void image__block(struct image *io, const char **p, size_t *len);
/* The number of elements of an array; the caller then reads or writes these. Reading allocates the
 * array, zeroed, to be freed: image__array(io, &v, &n, sizeof(*v)). */
void image__array(struct image *io, void *arrayp, size_t *n, size_t size);
/* Fails reading unless right. */
void image__expect(struct image *io, bool right);
bool image__is_reading(const struct image *io);
