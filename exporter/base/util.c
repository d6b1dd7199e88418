/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/util.h"

#include <search.h>

static void __attribute__((noreturn)) die_no_memory(size_t n, size_t size)
{
	fprintf(stderr, "retprobe_exporter: out of memory (%zu x %zu bytes)\n", n, size);
	exit(1);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die_no_memory(n, size);
	return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	/* realloc(p, 0) may free p and return NULL, although it has not failed. */
	void *grown = reallocarray(p, n ? n : 1, size ? size : 1);

	if (!grown)
		die_no_memory(n, size);
	return grown;
}

void *xtsearch(const void *key, void **root, int (*compare)(const void *, const void *))
{
	void **node = tsearch(key, root, compare);

	if (!node)
		die_no_memory(1, 3 * sizeof(void *));
	return *node;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = xcalloc(len + 1, 1);

	memcpy(copy, s, len);
	return copy;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		die_no_memory(1, strlen(fmt));
	return s;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

/* The capacity is not stored: it is the next power of two, so the array is full when n is one. */
void *array__grow(void *arrayp, size_t *n, size_t size)
{
	void *p;
	char *element;

	/* The caller's pointer is of another type, so copy its bytes. */
	memcpy(&p, arrayp, sizeof(p));
	if ((*n & (*n - 1)) == 0) {
		p = xreallocarray(p, *n ? *n * 2 : 1, size);
		memcpy(arrayp, &p, sizeof(p));
	}
	element = (char *)p + *n * size;
	memset(element, 0, size);
	(*n)++;
	return element;
}
