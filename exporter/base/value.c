/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/value.h"

#include <ctype.h>

#include "base/error.h"
#include "base/suggest.h"

const char *value__digits(const char *s, uint64_t *out)
{
	const char *start = s;

	*out = 0;
	for (; isdigit((unsigned char)*s); s++) {
		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(*s - '0'), out))
			return NULL;
	}
	return s == start ? NULL : s;
}

int value__size(const char *text, uint64_t *out, char **why)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "KiB", 1ULL << 10 },
		{ "MiB", 1ULL << 20 },
		{ "GiB", 1ULL << 30 },
		{ "KB", 1000 },
		{ "MB", 1000000 },
		{ "GB", 1000000000 },
	};
	const char *suffix;
	uint64_t number, size;

	suffix = value__digits(text, &number);
	for (size_t i = 0; suffix && i < ARRAY_SIZE(units); i++) {
		if (strcmp(suffix, units[i].suffix))
			continue;
		if (!number || __builtin_mul_overflow(number, units[i].factor, &size))
			break;
		*out = size;
		return 0;
	}
	return error__refuse(why,
			     "\"%.80s\" is not a size; write a whole number above 0 and KiB, MiB, "
			     "GiB, KB, MB, GB or nothing for bytes, as in 256MiB",
			     text);
}

int value__unsigned(const char *text, unsigned long min, unsigned long max, unsigned long *out,
		    char **why)
{
	const char *end;
	uint64_t number;

	end = value__digits(text, &number);
	if (!end || *end || number < min || number > max)
		return error__refuse(
			why, "\"%.80s\" is not allowed; write a whole number from %lu to %lu", text,
			min, max);
	*out = number;
	return 0;
}

void value__list(struct buf *out, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf__printf(out, "%s%s", !i ? "" : i + 1 < n ? ", " : " or ", names[i]);
}

int value__one_of(const char *text, const char *const *names, size_t n, size_t *out, char **why)
{
	__cleanup_free char *hint = NULL;
	__cleanup_buf struct buf list = {};

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(text, names[i])) {
			*out = i;
			return 0;
		}
	}
	value__list(&list, names, n);
	hint = suggest__hint(text, names, n);
	return error__refuse(why, "\"%.80s\" is not allowed%s (%s)", text, hint, buf__str(&list));
}
