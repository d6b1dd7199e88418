/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growing byte buffer. A failed allocation sets ->failed, and later calls do nothing. So check a
 * sequence of appends once, at its end.
 */
#pragma once

#include "base/util.h"

struct buf {
	char *data; /* not NUL-terminated unless buf__str() was called */
	size_t len, cap;
	bool failed;
};

void buf__append(struct buf *b, const void *data, size_t len);
void buf__puts(struct buf *b, const char *s);
void buf__printf(struct buf *b, const char *fmt, ...) __printf_like(2, 3);
void buf__u64(struct buf *b, uint64_t v); /* decimal */
/* The shortest text that reads back as the same double: "1", "0.5", "+Inf", "-Inf", "NaN". */
void buf__double(struct buf *b, double v);
/*
 * s as a JSON string with quotes, on one line. Escapes control characters, quotes, backslashes and
 * marks of direction. Bytes that are not UTF-8 become U+FFFD.
 */
void buf__json_string(struct buf *b, const char *s);
/* The same for terminals: without the quotes; does not escape quotes and backslashes. Free it. */
char *escaped(const char *s);
/* The text with a NUL, which len does not count; NULL if the buffer has failed. */
const char *buf__str(struct buf *b);
char *buf__grow(struct buf *b, size_t len); /* for buf__reserve() only */
/* Makes room for len more bytes and returns their place, or NULL. Add the bytes used to ->len. */
static inline char *buf__reserve(struct buf *b, size_t len)
{
	return !b->failed && len <= b->cap - b->len ? b->data + b->len : buf__grow(b, len);
}
static inline void buf__putc(struct buf *b, char c)
{
	char *p = buf__reserve(b, 1);

	if (p) {
		*p = c;
		b->len++;
	}
}
void buf__free(struct buf *b); /* frees the data; the buffer is empty and usable again */

/* Prints v in decimal, up to U64_DIGITS characters without NUL. Returns the end. */
#define U64_DIGITS 20
char *u64__print(char *to, uint64_t v);

/* The length of the well-formed UTF-8 sequence at the start of s; 0: none. */
size_t utf8__sequence(const char *s, size_t len);

#define __cleanup_buf __attribute__((cleanup(buf__free)))

/* The same for secrets: overwrites the data. Reserve it in one piece: growing leaves copies. */
void buf__free_secret(struct buf *b);
#define __cleanup_secret __attribute__((cleanup(buf__free_secret)))
