/* SPDX-License-Identifier: GPL-2.0-only */
/* Macros, cleanup attributes and allocation. Includes nothing of the exporter. */
#pragma once

#include <stdarg.h>
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

/* Moves an owned pointer out of p, which becomes NULL: the scope's cleanup frees nothing. */
#define take_ptr(p)                  \
	({                           \
		typeof(p) __p = (p); \
		(p) = NULL;          \
		__p;                 \
	})

/*
 * Allocation for start-up and reload: if memory runs out, these print a message and exit. A scrape
 * must not end the process, so it uses base/buf.h, whose failure becomes a 500.
 */
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
/* tsearch(3), but returns the key in the tree, not its node. */
void *xtsearch(const void *key, void **root, int (*compare)(const void *, const void *));
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __printf_like(1, 2);
char *xvasprintf(const char *fmt, va_list ap) __printf_like(1, 0);

/* Appends a zeroed element and returns it: *(type *)array__grow(&v, &n, sizeof(*v)) = ... */
void *array__grow(void *arrayp, size_t *n, size_t size);
