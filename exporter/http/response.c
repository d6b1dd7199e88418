/* SPDX-License-Identifier: GPL-2.0-only */
#include "http/response.h"

#include <libdeflate.h>
#include <stdarg.h>

/* Level 2 takes nearly twice the time and is no smaller. */
#define COMPRESS_LEVEL 1

void http_response__text(struct http_response *res, int code, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);

	buf__free(&res->body);
	*res = (struct http_response){ .code = code, .content_type = TEXT_PLAIN };
	buf__puts(&res->body, line);
	buf__putc(&res->body, '\n');
}

bool http_body__gzip(struct buf *body)
{
	struct libdeflate_compressor *z = libdeflate_alloc_compressor(COMPRESS_LEVEL);
	struct buf out = { 0 };
	size_t bound;
	char *fitting;

	if (!z)
		return false;
	bound = libdeflate_gzip_compress_bound(z, body->len);
	if (buf__reserve(&out, bound))
		out.len = libdeflate_gzip_compress(z, body->data, body->len, out.data, bound);
	libdeflate_free_compressor(z);
	if (!out.len) {
		buf__free(&out);
		return false;
	}
	/* Shrink it: it lives until the client has read it, and is about a twentieth of `bound`. */
	fitting = realloc(out.data, out.len);
	if (fitting) {
		out.data = fitting;
		out.cap = out.len;
	}
	buf__free(body);
	*body = out;
	return true;
}
