/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/util.h"
#include "http/route.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"

/* Replaces the whole response with a line of plain text. */
void http_response__text(struct http_response *res, int code, const char *fmt, ...)
	__printf_like(3, 4);
/* Compresses the body into one gzip member. False without memory; the body is unchanged then. */
bool http_body__gzip(struct buf *body);
