/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/escape.h"

/* Why a byte of a text may need an escape. Any other byte is copied. */
enum { END_OR_NOT_ASCII = 1, IN_LINES = 2, IN_QUOTES = 4 };

static const uint8_t special[256] = {
	['\0'] = END_OR_NOT_ASCII, [0x80 ... 0xff] = END_OR_NOT_ASCII,
	['\\'] = IN_LINES,	   ['\n'] = IN_LINES,
	['"'] = IN_QUOTES,
};

/* Copies up to the next byte that needs an escape. False: that byte is not UTF-8. */
static bool plain_run(struct buf *out, const char **s, unsigned escapes)
{
	const char *p = *s;
	size_t n;

	do {
		/* Fast path: nearly all text is ASCII. */
		while (!(special[(uint8_t)*p] & (escapes | END_OR_NOT_ASCII)))
			p++;
		n = (uint8_t)*p < 0x80 ? 0 : utf8__sequence(p, strnlen(p, 4));
		p += n;
	} while (n);
	buf__append(out, *s, p - *s);
	*s = p;
	return (uint8_t)*p < 0x80;
}

void escape__text(struct buf *out, const char *s, bool quotes)
{
	for (;; s++) {
		bool utf8 = plain_run(out, &s, quotes ? IN_LINES | IN_QUOTES : IN_LINES);

		if (!*s)
			break;
		if (!utf8)
			buf__printf(out, "\\\\x%02x", (unsigned char)*s);
		else if (*s == '\n')
			buf__puts(out, "\\n");
		else
			buf__append(out, (char[]){ '\\', *s }, 2);
	}
}

void escape__bytes(struct buf *out, const char *s)
{
	for (;; s++) {
		plain_run(out, &s, 0);
		if (!*s)
			break;
		buf__printf(out, "\\x%02x", (unsigned char)*s);
	}
}

void escape__bound(struct buf *out, double bound)
{
	size_t from = out->len;

	buf__double(out, bound);
	/* "1" -> "1.0"; "1e-06", "2.5" and "+Inf" are canonical already. */
	if (!out->failed && strspn(out->data + from, "-0123456789") >= out->len - from)
		buf__puts(out, ".0");
}
