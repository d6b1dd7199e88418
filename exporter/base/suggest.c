/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Edit distance. A swap of two neighbours counts as one edit, as it is a common typing error. '-'
 * for
 * '_' and the case count very little. A candidate is similar if at most a third of the name would
 * change, or if one of the two contains the other.
 */
#include "base/suggest.h"

#include <ctype.h>

#define LONGEST 255 /* bytes; longer names are not compared */
#define EDIT	16  /* cost of an edit */
#define SLIP	1   /* of another case, or '-' for '_' */

static unsigned substitution(char a, char b)
{
	if (a == b)
		return 0;
	if (tolower((unsigned char)a) == tolower((unsigned char)b))
		return SLIP;
	if ((a == '-' || a == '_') && (b == '-' || b == '_'))
		return SLIP;
	return EDIT;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* The distance of a to b, or any number above limit. */
static unsigned distance(const char *a, size_t la, const char *b, size_t lb, unsigned limit)
{
	unsigned rows[3][LONGEST + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2], *swap;

	for (size_t j = 0; j <= lb; j++)
		last[j] = j * EDIT;
	for (size_t i = 1; i <= la; i++) {
		unsigned least = row[0] = i * EDIT;

		for (size_t j = 1; j <= lb; j++) {
			row[j] = min3(last[j] + EDIT, row[j - 1] + EDIT,
				      last[j - 1] + substitution(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + EDIT < row[j])
				row[j] = before[j - 2] + EDIT;
			if (row[j] < least)
				least = row[j];
		}
		if (least > limit)
			return least;
		swap = before;
		before = last;
		last = row;
		row = swap;
	}
	return last[lb];
}

/* Users often remember only a part of a name. It ranks below any typing error. */
static unsigned containment(const char *name, size_t len, const char *candidate, size_t clen,
			    unsigned limit)
{
	if (len < 3 || clen < 3)
		return limit + 1;
	if (strstr(candidate, name))
		return limit;
	if (strstr(name, candidate) && clen * 2 > len)
		return limit;
	return limit + 1;
}

static unsigned rank_of(const char *name, size_t len, const char *candidate, unsigned limit)
{
	size_t clen = strlen(candidate), gap = clen > len ? clen - len : len - clen;
	unsigned rank = limit + 1;

	if (!clen || clen > LONGEST)
		return rank;
	if (gap * EDIT <= limit)
		rank = distance(name, len, candidate, clen, limit);
	return rank > limit ? containment(name, len, candidate, clen, limit) : rank;
}

size_t suggest__nearest(const char *name, const char *const *candidates, size_t n, const char **out,
			size_t max)
{
	unsigned ranks[SUGGEST_MAX], limit, rank;
	size_t len = strlen(name), found = 0, at;

	if (!len || len > LONGEST)
		return 0;
	if (max > SUGGEST_MAX)
		max = SUGGEST_MAX;
	limit = len < 3 ? EDIT : len * EDIT / 3;

	for (size_t i = 0; i < n; i++) {
		const char *candidate = candidates[i];

		rank = candidate ? rank_of(name, len, candidate, limit) : limit + 1;
		if (rank > limit)
			continue;
		for (at = found; at > 0; at--) {
			if (rank > ranks[at - 1] ||
			    (rank == ranks[at - 1] && strcmp(candidate, out[at - 1]) >= 0))
				break;
		}
		if (at == max || (at > 0 && !strcmp(candidate, out[at - 1])))
			continue;
		if (found < max)
			found++;
		memmove(&out[at + 1], &out[at], (found - at - 1) * sizeof(*out));
		memmove(&ranks[at + 1], &ranks[at], (found - at - 1) * sizeof(*ranks));
		out[at] = candidate;
		ranks[at] = rank;
	}
	return found;
}

char *suggest__phrase(const char *const *near, size_t n)
{
	switch (n) {
	case 0:
		return xstrdup("");
	case 1:
		return xasprintf("; did you mean %s?", near[0]);
	case 2:
		return xasprintf("; did you mean %s or %s?", near[0], near[1]);
	default:
		return xasprintf("; did you mean %s, %s or %s?", near[0], near[1], near[2]);
	}
}

char *suggest__hint(const char *name, const char *const *candidates, size_t n)
{
	const char *near[SUGGEST_PHRASE];

	return suggest__phrase(near, suggest__nearest(name, candidates, n, near, ARRAY_SIZE(near)));
}
