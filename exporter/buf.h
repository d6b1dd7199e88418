/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growing byte buffer. An allocation that fails sets ->failed and makes every later call do
 * nothing, so that a long sequence of appends is checked once, at its end.
 */
#ifndef BUF_H
#define BUF_H

#include "util.h"

struct buf {
	char *data; /* not NUL-terminated unless buf__str() was called */
	size_t len, cap;
	bool failed;
};

void buf__append(struct buf *b, const void *data, size_t len);
void buf__puts(struct buf *b, const char *s);
void buf__putc(struct buf *b, char c);
void buf__printf(struct buf *b, const char *fmt, ...) __printf_like(2, 3);
void buf__u64(struct buf *b, uint64_t v); /* decimal */
/* Shortest text that reads back as the same double; "+Inf", "-Inf", "NaN"; integers without "." */
void buf__double(struct buf *b, double v);
/* s as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD. */
void buf__json_string(struct buf *b, const char *s);
/* NUL-terminated view (not part of len), or NULL if the buffer has failed. */
const char *buf__str(struct buf *b);
/* Makes room for len more bytes and returns where they go, or NULL; add to ->len what was used. */
char *buf__reserve(struct buf *b, size_t len);
void buf__free(struct buf *b); /* frees the data; the buffer is empty and usable again */

/* Length of the well-formed UTF-8 sequence that s begins with, or 0 if there is none. */
size_t utf8__sequence(const char *s, size_t len);

#define __cleanup_buf __attribute__((cleanup(buf__free)))

#endif /* BUF_H */
