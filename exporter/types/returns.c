/* SPDX-License-Identifier: GPL-2.0-only */
#include "types/returns.h"

#include <limits.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/suggest.h"

const char *const returns_names[RETURNS_MAX] = {
	[RETURNS_AUTO] = "auto", [RETURNS_ERRNO] = "errno",	  [RETURNS_POINTER] = "pointer",
	[RETURNS_BOOL] = "bool", [RETURNS_UNSIGNED] = "unsigned", [RETURNS_ENUM] = "enum",
	[RETURNS_RAW] = "raw",	 [RETURNS_VALUE] = "value",	  [RETURNS_SIZE] = "size",
	[RETURNS_VOID] = "void",
};

/* Spelt as in prototypes. The first are also in returns_names: they are types before "as" only. */
#define AMBIGUOUS_TYPES 3
static const struct c_type types[] = {
	{ "pointer", RP_KIND_POINTER, 8 },
	{ "unsigned", RP_KIND_UNSIGNED, sizeof(unsigned) },
	{ "bool", RP_KIND_BOOL, 1 },
	{ "int", RP_KIND_ERRNO, sizeof(int) },
	{ "signed", RP_KIND_ERRNO, sizeof(int) },
	{ "signed int", RP_KIND_ERRNO, sizeof(int) },
	{ "long", RP_KIND_ERRNO, sizeof(long) },
	{ "long int", RP_KIND_ERRNO, sizeof(long) },
	{ "long long", RP_KIND_ERRNO, sizeof(long long) },
	{ "long long int", RP_KIND_ERRNO, sizeof(long long) },
	{ "short", RP_KIND_ERRNO, sizeof(short) },
	{ "short int", RP_KIND_ERRNO, sizeof(short) },
	{ "signed char", RP_KIND_ERRNO, sizeof(char) },
	{ "char", CHAR_MIN ? RP_KIND_ERRNO : RP_KIND_UNSIGNED, 1 },
	{ "ssize_t", RP_KIND_ERRNO, sizeof(ssize_t) },
	{ "ptrdiff_t", RP_KIND_ERRNO, sizeof(ptrdiff_t) },
	{ "intptr_t", RP_KIND_ERRNO, sizeof(intptr_t) },
	{ "intmax_t", RP_KIND_ERRNO, sizeof(intmax_t) },
	{ "off_t", RP_KIND_ERRNO, sizeof(off_t) },
	{ "off64_t", RP_KIND_ERRNO, sizeof(int64_t) },
	{ "time_t", RP_KIND_ERRNO, sizeof(time_t) },
	{ "pid_t", RP_KIND_ERRNO, sizeof(pid_t) },
	{ "int8_t", RP_KIND_ERRNO, sizeof(int8_t) },
	{ "int16_t", RP_KIND_ERRNO, sizeof(int16_t) },
	{ "int32_t", RP_KIND_ERRNO, sizeof(int32_t) },
	{ "int64_t", RP_KIND_ERRNO, sizeof(int64_t) },
	{ "unsigned int", RP_KIND_UNSIGNED, sizeof(unsigned) },
	{ "unsigned long", RP_KIND_UNSIGNED, sizeof(unsigned long) },
	{ "unsigned long int", RP_KIND_UNSIGNED, sizeof(unsigned long) },
	{ "unsigned long long", RP_KIND_UNSIGNED, sizeof(unsigned long long) },
	{ "unsigned long long int", RP_KIND_UNSIGNED, sizeof(unsigned long long) },
	{ "unsigned short", RP_KIND_UNSIGNED, sizeof(unsigned short) },
	{ "unsigned short int", RP_KIND_UNSIGNED, sizeof(unsigned short) },
	{ "unsigned char", RP_KIND_UNSIGNED, sizeof(unsigned char) },
	{ "size_t", RP_KIND_UNSIGNED, sizeof(size_t) },
	{ "uintptr_t", RP_KIND_UNSIGNED, sizeof(uintptr_t) },
	{ "uintmax_t", RP_KIND_UNSIGNED, sizeof(uintmax_t) },
	{ "uid_t", RP_KIND_UNSIGNED, sizeof(uid_t) },
	{ "gid_t", RP_KIND_UNSIGNED, sizeof(gid_t) },
	{ "uint8_t", RP_KIND_UNSIGNED, sizeof(uint8_t) },
	{ "uint16_t", RP_KIND_UNSIGNED, sizeof(uint16_t) },
	{ "uint32_t", RP_KIND_UNSIGNED, sizeof(uint32_t) },
	{ "uint64_t", RP_KIND_UNSIGNED, sizeof(uint64_t) },
	{ "_Bool", RP_KIND_BOOL, 1 },
};

/* NULL: text names no type. Any text that ends in '*' is a pointer. */
static const struct c_type *find_type(const char *text, bool before_as)
{
	size_t len = strlen(text);

	for (size_t i = before_as ? 0 : AMBIGUOUS_TYPES; i < ARRAY_SIZE(types); i++) {
		if (!strcmp(text, types[i].name))
			return &types[i];
	}
	return len > 1 && text[len - 1] == '*' ? &types[0] : NULL;
}

static bool find_kind(const char *text, enum returns *kind)
{
	for (enum returns r = RETURNS_AUTO; r < RETURNS_MAX; r++) {
		if (strcmp(text, returns_names[r]))
			continue;
		*kind = r;
		return true;
	}
	return false;
}

static int refuse(const char *text, char **why)
{
	const char *names[RETURNS_MAX + ARRAY_SIZE(types)];
	__cleanup_free char *hint = NULL;
	__cleanup_buf struct buf kinds = {};
	size_t n = 0;

	for (enum returns r = RETURNS_AUTO; r < RETURNS_MAX; r++) {
		buf__printf(&kinds, "%s%s", r ? ", " : "", returns_names[r]);
		names[n++] = returns_names[r];
	}
	for (size_t i = AMBIGUOUS_TYPES; i < ARRAY_SIZE(types); i++)
		names[n++] = types[i].name;
	hint = suggest__hint(text, names, n);
	return error__refuse(
		why,
		"\"%.80s\" is not allowed%s (%s; a C type, as int, ssize_t or \"unsigned "
		"long\"; or a type and how to read it, as \"long as value\")",
		text, hint, buf__str(&kinds));
}

int returns__parse(const char *text, enum returns *kind, const struct c_type **type, char **why)
{
	const char *as = strstr(text, " as ");
	__cleanup_free char *before = as ? xstrndup(text, as - text) : NULL;

	*kind = RETURNS_AUTO;
	*type = NULL;
	if (as) {
		*type = find_type(before, true);
		return *type && find_kind(as + 4, kind) ? 0 : refuse(text, why);
	}
	if (find_kind(text, kind))
		return 0;
	*type = find_type(text, false);
	return *type ? 0 : refuse(text, why);
}

char *returns__text(enum returns kind, const struct c_type *type)
{
	if (!type || kind == RETURNS_AUTO)
		return xstrdup(type ? type->name : returns_names[kind]);
	return xasprintf("%s as %s", type->name, returns_names[kind]);
}
