/* SPDX-License-Identifier: GPL-2.0-only */
/* A label value in each format and in the page's JSON: UTF-8, on one line. */
#include "expose/escape.h"
#include "fuzz.h"

static void check_utf8(const struct buf *b)
{
	size_t n;

	fuzz__check(!b->failed);
	for (size_t i = 0; i < b->len; i += n) {
		n = utf8__sequence(b->data + i, b->len - i);
		fuzz__check(n);
	}
}

void fuzz__input(const char *data, size_t len)
{
	__cleanup_buf struct buf quoted = {}, help = {}, plain = {}, json = {};
	__cleanup_free char *text = fuzz__text(data, len);

	escape__text(&quoted, text, true);
	check_utf8(&quoted);
	fuzz__check(!quoted.len || !memchr(quoted.data, '\n', quoted.len));
	escape__text(&help, text, false);
	check_utf8(&help);
	fuzz__check(!help.len || !memchr(help.data, '\n', help.len));
	escape__bytes(&plain, text);
	check_utf8(&plain);
	buf__json_string(&json, text);
	check_utf8(&json);
	fuzz__check(json.len >= 2 && !memchr(json.data, '\n', json.len));
}
