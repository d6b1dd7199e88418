/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/buf.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>

#define BUF_MIN 256

char *buf__grow(struct buf *b, size_t len)
{
	size_t cap = b->cap ? b->cap : BUF_MIN;
	char *data;

	if (b->failed)
		return NULL;
	/* Half of the address space bounds both the sum and the doubling. */
	if (len > PTRDIFF_MAX - b->len)
		goto fail;
	while (cap < b->len + len)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data)
		goto fail;
	b->data = data;
	b->cap = cap;
	return b->data + b->len;
fail:
	b->failed = true;
	return NULL;
}

void buf__append(struct buf *b, const void *data, size_t len)
{
	char *p = len ? buf__reserve(b, len) : NULL;

	if (!p)
		return;
	memcpy(p, data, len);
	b->len += len;
}

void buf__puts(struct buf *b, const char *s)
{
	buf__append(b, s, strlen(s));
}

void buf__printf(struct buf *b, const char *fmt, ...)
{
	size_t room = 64;
	va_list ap;
	int n;

	for (;;) {
		char *p = buf__reserve(b, room);

		if (!p)
			return;
		/* Use all room, so that a second pass is rare. */
		room = b->cap - b->len;
		va_start(ap, fmt);
		n = vsnprintf(p, room, fmt, ap);
		va_end(ap);
		if (n < 0) {
			b->failed = true;
			return;
		}
		if ((size_t)n < room)
			break;
		room = (size_t)n + 1;
	}
	b->len += n;
}

/* Two digits at a time: a scrape prints tens of thousands of counts. */
static const char digit_pairs[] =
	"00010203040506070809101112131415161718192021222324252627282930313233"
	"34353637383940414243444546474849505152535455565758596061626364656667"
	"6869707172737475767778798081828384858687888990919293949596979899";

char *u64__print(char *to, uint64_t v)
{
	char tmp[U64_DIGITS], *p = tmp + sizeof(tmp);

	while (v >= 100) {
		p -= 2;
		memcpy(p, digit_pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10) {
		p -= 2;
		memcpy(p, digit_pairs + v * 2, 2);
	} else {
		*--p = '0' + v;
	}
	return mempcpy(to, p, tmp + sizeof(tmp) - p);
}

void buf__u64(struct buf *b, uint64_t v)
{
	char *p = buf__reserve(b, U64_DIGITS);

	if (p)
		b->len = u64__print(p, v) - b->data;
}

/*
 * A fast path for sums of times, which are whole nanoseconds in seconds. If a decimal of at most 15
 * digits is the same double, "%.15g" prints that decimal, and so does this. False: v has none. v is
 * not a whole number.
 */
static bool print_nanoseconds(struct buf *b, double v)
{
	uint64_t units = v >= 1e-4 && v < 1e6 ? (uint64_t)llround(v * 1e9) : 0;
	char *p = buf__reserve(b, U64_DIGITS + 10), digits[U64_DIGITS];

	if (!units || !p || (double)units / 1e9 != v)
		return false;
	p = u64__print(p, units / 1000000000);
	/* A leading 1 keeps the zeros after it; the point then replaces it. */
	u64__print(digits, 1000000000 + units % 1000000000);
	digits[0] = '.';
	memcpy(p, digits, 10);
	for (p += 10; p[-1] == '0'; p--)
		;
	b->len = p - b->data;
	return true;
}

void buf__double(struct buf *b, double v)
{
	char tmp[32];
	int n;

	if (isnan(v)) {
		buf__puts(b, "NaN");
		return;
	}
	if (isinf(v)) {
		buf__puts(b, v > 0 ? "+Inf" : "-Inf");
		return;
	}
	/* Integers that a double holds exactly, but not -0.0, which keeps its sign below. */
	if (v >= 0 && v < 0x1p53 && v == (double)(uint64_t)v && !signbit(v)) {
		buf__u64(b, (uint64_t)v);
		return;
	}
	if (print_nanoseconds(b, v))
		return;
	/* Any decimal of 15 digits survives as a double, and any double as 17 digits. Subnormals
	 * have fewer digits. %g drops trailing zeros. */
	for (int digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
		n = snprintf(tmp, sizeof(tmp), "%.*g", digits, v);
		if (strtod(tmp, NULL) == v)
			break;
	}
	buf__append(b, tmp, n);
}

/* Table 3-7 of the Unicode standard: no overlong forms, surrogates or codes above U+10FFFF. */
static const struct {
	unsigned char first, last; /* the first byte */
	unsigned char lo, hi;	   /* the second byte; further ones are from 0x80 to 0xbf */
	size_t n;
} sequences[] = {
	{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t utf8__sequence(const char *str, size_t len)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t row = 0, n;

	while (len && row < ARRAY_SIZE(sequences) && s[0] > sequences[row].last)
		row++;
	if (!len || row == ARRAY_SIZE(sequences) || s[0] < sequences[row].first)
		return 0;
	n = sequences[row].n;
	if (n > len || (n > 1 && (s[1] < sequences[row].lo || s[1] > sequences[row].hi)))
		return 0;
	for (size_t i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

static void json_char(struct buf *b, unsigned char c, bool in_quotes)
{
	static const char shorthand[] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};

	if (in_quotes && (c == '"' || c == '\\')) {
		buf__putc(b, '\\');
		buf__putc(b, c);
	} else if (c < sizeof(shorthand) && shorthand[c]) {
		buf__putc(b, '\\');
		buf__putc(b, shorthand[c]);
	} else if (c < 0x20 || c == 0x7f) {
		buf__printf(b, "\\u%04x", c);
	} else {
		buf__putc(b, c);
	}
}

/* C1 controls, which terminals obey, and marks of direction, which reorder a line. */
static bool is_deceptive(uint32_t c)
{
	return (c >= 0x80 && c <= 0x9f) || c == 0x061c || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* A valid sequence of n > 1 bytes. Codes of more than four digits are never deceptive. */
static void json_sequence(struct buf *b, const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	uint32_t c = n == 2   ? (u[0] & 0x1fU) << 6 | (u[1] & 0x3f)
		     : n == 3 ? (u[0] & 0xfU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3f)
			      : 0x10000;

	if (is_deceptive(c))
		buf__printf(b, "\\u%04x", c);
	else
		buf__append(b, s, n);
}

static void escape(struct buf *b, const char *s, bool in_quotes)
{
	size_t left = strlen(s);

	while (left) {
		size_t n = utf8__sequence(s, left);

		if (n > 1)
			json_sequence(b, s, n);
		else if (n == 1)
			json_char(b, *s, in_quotes);
		else
			buf__puts(b, "\xef\xbf\xbd");
		n += !n;
		s += n;
		left -= n;
	}
}

void buf__json_string(struct buf *b, const char *s)
{
	buf__putc(b, '"');
	escape(b, s, true);
	buf__putc(b, '"');
}

char *escaped(const char *s)
{
	struct buf b = { 0 };

	escape(&b, s, false);
	if (buf__str(&b))
		return b.data;
	buf__free(&b);
	return xstrdup("?");
}

const char *buf__str(struct buf *b)
{
	char *p = buf__reserve(b, 1);

	if (p)
		*p = '\0';
	return p ? b->data : NULL;
}

void buf__free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf__free_secret(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf__free(b);
}
