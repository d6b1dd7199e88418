/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growing byte buffer. An allocation that fails sets ->failed and makes every later call do
 * nothing, so that a long sequence of appends is checked once, at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

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
/* Shortest text that reads back as the same double; "+Inf", "-Inf", "NaN"; integers without "." */
void buf__double(struct buf *b, double v);
/*
 * s as a JSON string, quotes included, on one line: controls, quotes, backslashes and marks of
 * direction are escaped, bytes that are not UTF-8 are U+FFFD. Names and paths may have anything in
 * them.
 */
void buf__json_string(struct buf *b, const char *s);
/* The same for terminals: without quotes around it, and with quotes and backslashes as they are. To
 * be freed. */
char *escaped(const char *s);
/* NUL-terminated view (not part of len), or NULL if the buffer has failed. */
const char *buf__str(struct buf *b);
char *buf__grow(struct buf *b, size_t len); /* for buf__reserve() only */
/* Makes room for len more bytes and returns where they go, or NULL; add to ->len what was used. */
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

/* v in decimal, where there is room for U64_DIGITS; returns its end. */
#define U64_DIGITS 20
char *u64__print(char *to, uint64_t v);

/* Length of the well-formed UTF-8 sequence that s begins with, or 0 if there is none. */
size_t utf8__sequence(const char *s, size_t len);

#define __cleanup_buf __attribute__((cleanup(buf__free)))

/* The same for what nobody is to find in freed memory; it has to be reserved in one piece. */
void buf__free_secret(struct buf *b);
#define __cleanup_secret __attribute__((cleanup(buf__free_secret)))

#endif /* BASE_BUF_H */
