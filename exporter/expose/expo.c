/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which format, and what all formats share.
 *
 * Negotiation follows RFC 9110 section 12.5.1: a format's quality is that of the most specific
 * media range that covers it; the best quality wins, then the more specific range, then the one
 * named first. Three things differ, because of what is really sent: a quality above 1 counts as 1,
 * but a wildcard's as the least (Prometheus 2.49 ends with one of q=2, which must not beat what it
 * asks for by name); parameters that a format does not know (`escaping`) are ignored; and where
 * nothing matches the answer is the default format, never 406, as every other exporter does.
 */
#include "expose/expo.h"

#include <strings.h>

/* The first row is the default. */
static const struct expo_format *const formats[] = {
	&expo_text,
	&expo_openmetrics,
	&expo_protobuf,
};

/* ---- header fields: comma-separated elements, each with ;name=value parameters --------------- */

struct span {
	const char *s;
	size_t len;
};

static bool span_is(struct span a, const char *b)
{
	return a.len == strlen(b) && !strncasecmp(a.s, b, a.len);
}

static struct span trim(const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	return (struct span){ from, (size_t)(to - from) };
}

/* The next piece of *rest up to a separator outside of quotes; false at the end. */
static bool next_piece(const char **rest, char separator, const char *end, struct span *out)
{
	const char *p = *rest;
	bool quoted = false;

	if (!p)
		return false;
	for (; p < end; p++) {
		if (quoted && *p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == separator && !quoted)
			break;
	}
	*out = trim(*rest, p);
	*rest = p < end ? p + 1 : NULL;
	return true;
}

static bool next_param(const char **rest, const char *end, struct span *name, struct span *value)
{
	struct span piece;
	const char *eq;

	if (!next_piece(rest, ';', end, &piece))
		return false;
	eq = piece.len ? memchr(piece.s, '=', piece.len) : NULL;
	if (!eq) {
		*name = piece;
		*value = (struct span){ piece.s + piece.len, 0 };
		return true;
	}
	*name = trim(piece.s, eq);
	*value = trim(eq + 1, piece.s + piece.len);
	if (value->len >= 2 && value->s[0] == '"' && value->s[value->len - 1] == '"') {
		value->s++;
		value->len -= 2;
	}
	return true;
}

#define EXCESS 2000

/* Thousandths: 0..1000, or more for what is above 1. What is no number counts as if it were not
 * there. */
static unsigned parse_quality(struct span v)
{
	unsigned q = 0, scale = 100;
	size_t i = 0;

	if (!v.len || v.s[0] < '0' || v.s[0] > '9')
		return 1000;
	for (; i < v.len && v.s[i] >= '0' && v.s[i] <= '9'; i++)
		q = q || v.s[i] > '1' ? EXCESS : (v.s[i] - '0') * 1000U;
	if (i < v.len && v.s[i] == '.')
		for (i++; i < v.len && v.s[i] >= '0' && v.s[i] <= '9'; i++, scale /= 10)
			q += scale * (unsigned)(v.s[i] - '0');
	return q;
}

static unsigned clamp_quality(unsigned q)
{
	return q < 1000 ? q : 1000;
}

/* One element of a header field: `value;name=value;...`. */
struct element {
	struct span value;
	const char *params; /* NULL without any */
	const char *end;
	unsigned quality;
};

static bool next_element(const char **rest, const char *end, struct element *out)
{
	struct span piece, name, value;
	const char *params;

	do {
		if (!next_piece(rest, ',', end, &piece))
			return false;
	} while (!piece.len);

	*out = (struct element){ .params = piece.s, .end = piece.s + piece.len, .quality = 1000 };
	next_piece(&out->params, ';', out->end, &out->value);
	params = out->params;
	while (next_param(&params, out->end, &name, &value))
		if (span_is(name, "q"))
			out->quality = parse_quality(value);
	return true;
}

/* ---- Accept ---------------------------------------------------------------------------------- */

/* How specifically a media range covers a format; 0: not at all. */
static unsigned specificity(const struct expo_format *f, const struct element *range)
{
	size_t type_len = strcspn(f->type, "/") + 1;
	unsigned named = 0;

	if (span_is(range->value, "*/*"))
		return 1;
	if (range->value.len == type_len + 1 && range->value.s[type_len] == '*')
		return strncasecmp(range->value.s, f->type, type_len) ? 0 : 2;
	if (!span_is(range->value, f->type))
		return 0;

	for (const struct expo_param *p = f->params; p->name; p++) {
		const char *params = range->params;
		struct span name, value, found = { p->implied, strlen(p->implied) };

		while (next_param(&params, range->end, &name, &value)) {
			if (!span_is(name, p->name))
				continue;
			found = value;
			named++;
		}
		if (!span_is(found, p->value))
			return 0;
	}
	return 3 + named;
}

struct match {
	unsigned quality, specific;
	size_t position; /* of the range in the header */
};

static struct match best_range(const struct expo_format *f, const char *accept)
{
	const char *end = accept + strlen(accept);
	struct match best = { 0 };
	struct element range;

	for (size_t i = 0; next_element(&accept, end, &range); i++) {
		unsigned specific = specificity(f, &range);

		if (specific > best.specific)
			best = (struct match){ specific < 3 && range.quality > 1000
						       ? 1
						       : clamp_quality(range.quality),
					       specific, i };
	}
	return best;
}

static bool better(const struct match *a, const struct match *b)
{
	if (a->quality != b->quality)
		return a->quality > b->quality;
	if (a->specific != b->specific && (a->specific < 3 || b->specific < 3))
		return a->specific > b->specific;
	return a->position < b->position;
}

const struct expo_format *expo__negotiate_among(const struct expo_format *const *table, size_t n,
						const char *accept)
{
	const struct expo_format *chosen = NULL;
	struct match best = { 0 };

	for (size_t i = 0; accept && i < n; i++) {
		struct match m = best_range(table[i], accept);

		if (m.quality && (!chosen || better(&m, &best))) {
			best = m;
			chosen = table[i];
		}
	}
	return chosen ? chosen : table[0];
}

const struct expo_format *expo__negotiate(const char *accept)
{
	return expo__negotiate_among(formats, ARRAY_SIZE(formats), accept);
}

/* ---- Accept-Encoding ------------------------------------------------------------------------- */

bool expo__accepts_gzip(const char *accept_encoding)
{
	unsigned gzip = 0, identity = 0;
	bool gzip_named = false;
	struct element coding;
	const char *end;

	if (!accept_encoding)
		return false;
	end = accept_encoding + strlen(accept_encoding);
	while (next_element(&accept_encoding, end, &coding)) {
		if (span_is(coding.value, "gzip") || span_is(coding.value, "x-gzip")) {
			gzip = clamp_quality(coding.quality);
			gzip_named = true;
		} else if (span_is(coding.value, "identity")) {
			identity = clamp_quality(coding.quality);
		} else if (span_is(coding.value, "*") && !gzip_named) {
			gzip = clamp_quality(coding.quality);
		}
	}
	/* Who likes identity better, though accepting gzip, wants no compression. */
	return gzip && gzip >= identity;
}

/* ---- what expose/metrics.c calls
 * -------------------------------------------------------------------- */

void expo__begin(struct expo *e, const struct expo_format *format, struct buf *out)
{
	*e = (struct expo){ .format = format, .out = out };
}

void expo__family(struct expo *e, const struct metric_family *f)
{
	e->family = f;
	e->opened = false;
}

static void open_family(struct expo *e)
{
	if (e->opened)
		return;
	e->opened = true;
	e->format->family(e);
}

void expo__count(struct expo *e, const struct label_set *ls, uint64_t v, double created)
{
	open_family(e);
	e->format->sample(e, ls, (struct metric_value){ .is_int = true, .u = v }, created);
}

void expo__value(struct expo *e, const struct label_set *ls, double v)
{
	open_family(e);
	e->format->sample(e, ls, (struct metric_value){ .is_int = false, .d = v }, 0);
}

void expo__histogram(struct expo *e, const struct label_set *ls, const struct histogram_value *v,
		     double created)
{
	open_family(e);
	e->format->histogram(e, ls, v, created);
}

void expo__end(struct expo *e)
{
	if (e->format->finish)
		e->format->finish(e);
	/* A scratch that could not grow has left holes in the body. */
	if (e->labels.failed || e->bounds.failed)
		e->out->failed = true;
	buf__free(&e->labels);
	buf__free(&e->bounds);
}

/* ---- for formats ----------------------------------------------------------------------------- */

/* What a byte of a text is to be looked at for; any other is copied. */
enum { END_OR_NOT_ASCII = 1, IN_LINES = 2, IN_QUOTES = 4 };

static const uint8_t special[256] = {
	['\0'] = END_OR_NOT_ASCII, [0x80 ... 0xff] = END_OR_NOT_ASCII,
	['\\'] = IN_LINES,	   ['\n'] = IN_LINES,
	['"'] = IN_QUOTES,
};

/* Copies up to what needs to be spelt otherwise; false if that is a byte that is no UTF-8. */
static bool plain_run(struct buf *out, const char **s, unsigned escapes)
{
	const char *p = *s;
	size_t n;

	do {
		/* Nearly all of it is ASCII. */
		while (!(special[(uint8_t)*p] & (escapes | END_OR_NOT_ASCII)))
			p++;
		n = (uint8_t)*p < 0x80 ? 0 : utf8__sequence(p, strnlen(p, 4));
		p += n;
	} while (n);
	buf__append(out, *s, p - *s);
	*s = p;
	return (uint8_t)*p < 0x80;
}

void expo__escape(struct buf *out, const char *s, bool quotes)
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

void expo__utf8(struct buf *out, const char *s)
{
	for (;; s++) {
		plain_run(out, &s, 0);
		if (!*s)
			break;
		buf__printf(out, "\\x%02x", (unsigned char)*s);
	}
}

void expo__bound(struct buf *out, double bound)
{
	size_t from = out->len;

	buf__double(out, bound);
	/* "1" -> "1.0"; "1e-06", "2.5" and "+Inf" are canonical already. */
	if (!out->failed && strspn(out->data + from, "-0123456789") >= out->len - from)
		buf__puts(out, ".0");
}
