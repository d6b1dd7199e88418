/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Content negotiation by RFC 9110 section 12.5.1. The most specific media range that covers a
 * format gives its quality. The best quality wins, then the more specific range, then the range
 * that comes first.
 *
 * Three things differ from the RFC, because of the headers that scrapers really send:
 *  - A quality above 1 counts as 1, but as the least for a wildcard. Prometheus 2.49 ends its
 * header with a wildcard of q=2, which must not beat the formats that it names.
 *  - Parameters that a format does not know (`escaping`) are ignored.
 *  - If nothing matches, the answer is the default format, not 406, as in other exporters.
 */
#include "http/accept.h"

#include <strings.h>

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

/* The next piece of *rest, up to a separator outside quotes. False: there is none. */
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

/* Thousandths: 0..1000, or more for a value above 1. A value that is not a number is ignored. */
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

const struct expo_format *accept__format(const struct expo_format *const *formats, size_t n,
					 const char *accept)
{
	const struct expo_format *chosen = NULL;
	struct match best = { 0 };

	for (size_t i = 0; accept && i < n; i++) {
		struct match m = best_range(formats[i], accept);

		if (m.quality && (!chosen || better(&m, &best))) {
			best = m;
			chosen = formats[i];
		}
	}
	return chosen ? chosen : formats[0];
}

/* ---- Accept-Encoding ------------------------------------------------------------------------- */

bool accept__gzip(const char *accept_encoding)
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
	/* A client that prefers identity wants no compression. */
	return gzip && gzip >= identity;
}
