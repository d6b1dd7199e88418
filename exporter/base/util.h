/* SPDX-License-Identifier: GPL-2.0-only */
/* The few helpers that every file may use. Depends on nothing of ours. */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	    (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)	    (((x) + (a)-1) / (a) * (a))
#define __printf_like(f, a) __attribute__((format(printf, f, a)))
#define __unused	    __attribute__((unused))

/* Release at the end of the scope: __cleanup_free char *s = NULL; */
static inline void cleanup__free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup__close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup__fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define __cleanup_free	 __attribute__((cleanup(cleanup__free)))
#define __cleanup_close	 __attribute__((cleanup(cleanup__close)))
#define __cleanup_fclose __attribute__((cleanup(cleanup__fclose)))

/* Hands an owned pointer on: the scope's cleanup then finds NULL. */
#define take_ptr(p)                  \
	({                           \
		typeof(p) __p = (p); \
		(p) = NULL;          \
		__p;                 \
	})

/*
 * Allocation of start-up sized things. There is nothing sensible to do without a few kilobytes, so
 * these end the process with a message; a scrape uses base/buf.h, whose failure is a 500.
 */
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
/* As tsearch(3), but returns the key that is in the tree. */
void *xtsearch(const void *key, void **root, int (*compare)(const void *, const void *));
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __printf_like(1, 2);

/* Appends an element to a growing array: *(type *)grow(&v, &n, sizeof(*v)) = ...; zeroed. */
void *array__grow(void *arrayp, size_t *n, size_t size);

/* "ENOENT" for 2; kernel-internal codes have names too; a code without one is "E<number>".
 * The result is static or in buf (of at least 16 bytes). */
const char *errno_name(int64_t err, char *buf, size_t size);

/* CLOCK_REALTIME in seconds. */
double now_seconds(void);
double monotonic_seconds(void); /* of a clock that nobody sets */

#endif /* BASE_UTIL_H */
