/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/duration.h"

#include <math.h>

#include "base/value.h"

/* Returns the number's end, or NULL. */
static const char *parse_number(const char *s, unsigned flags, double *out)
{
	size_t len = strspn(s, "0123456789.");
	uint64_t whole;
	char *end;

	if (flags & DURATION_WHOLE) {
		s = value__digits(s, &whole);
		*out = (double)whole;
		return s;
	}
	*out = strtod(s, &end);
	if (flags & DURATION_SINGLE)
		return end == s ? NULL : end;
	if (strspn(s, ".") == len || memchr(s, '.', len) != memrchr(s, '.', len))
		return NULL;
	return s + len;
}

static const struct duration_unit *find_unit(const struct duration_unit *units, const char *name,
					     size_t len)
{
	for (; units->name; units++)
		if (strlen(units->name) == len && !strncmp(units->name, name, len))
			return units;
	return NULL;
}

bool duration__parse(const char *text, const struct duration_unit *units, unsigned flags,
		     double *out)
{
	const struct duration_unit *unit = NULL, *last = NULL;
	double number;

	*out = 0;
	do {
		const char *name = parse_number(text, flags, &number);
		size_t len = !name		       ? 0
			     : flags & DURATION_SINGLE ? strlen(name)
						       : strcspn(name, "0123456789.");

		unit = name ? find_unit(units, name, len) : NULL;
		if (!unit || (flags & DURATION_DESCENDING && last && unit->factor >= last->factor))
			return false;
		*out += number * unit->factor;
		last = unit;
		text = name + len;
	} while (*text);
	return isfinite(*out);
}
