/* SPDX-License-Identifier: GPL-2.0-only */
#include "types/returns.h"

#include <errno.h>
#include <limits.h>

#include "base/buf.h"
#include "base/suggest.h"

const char *const returns_names[RETURNS_MAX] = {
	[RETURNS_AUTO] = "auto", [RETURNS_ERRNO] = "errno",	  [RETURNS_POINTER] = "pointer",
	[RETURNS_BOOL] = "bool", [RETURNS_UNSIGNED] = "unsigned", [RETURNS_ENUM] = "enum",
	[RETURNS_RAW] = "raw",	 [RETURNS_VALUE] = "value",	  [RETURNS_SIZE] = "size",
	[RETURNS_VOID] = "void",
};

#define SIGNED(c, n)                        \
	{                                   \
		n, RP_KIND_ERRNO, sizeof(c) \
	}
#define UNSIGNED(c, n)                         \
	{                                      \
		n, RP_KIND_UNSIGNED, sizeof(c) \
	}

/* Spelt as in prototypes. A name that is also in returns_names is not repeated here. */
static const struct c_type types[] = {
	SIGNED(int, "int"),
	SIGNED(int, "signed"),
	SIGNED(int, "signed int"),
	SIGNED(long, "long"),
	SIGNED(long, "long int"),
	SIGNED(long long, "long long"),
	SIGNED(long long, "long long int"),
	SIGNED(short, "short"),
	SIGNED(short, "short int"),
	SIGNED(char, "signed char"),
	{ "char", CHAR_MIN ? RP_KIND_ERRNO : RP_KIND_UNSIGNED, 1 },
	SIGNED(ssize_t, "ssize_t"),
	SIGNED(ptrdiff_t, "ptrdiff_t"),
	SIGNED(intptr_t, "intptr_t"),
	SIGNED(intmax_t, "intmax_t"),
	SIGNED(off_t, "off_t"),
	SIGNED(int64_t, "off64_t"),
	SIGNED(time_t, "time_t"),
	SIGNED(pid_t, "pid_t"),
	SIGNED(int8_t, "int8_t"),
	SIGNED(int16_t, "int16_t"),
	SIGNED(int32_t, "int32_t"),
	SIGNED(int64_t, "int64_t"),
	UNSIGNED(unsigned, "unsigned int"),
	UNSIGNED(unsigned long, "unsigned long"),
	UNSIGNED(unsigned long, "unsigned long int"),
	UNSIGNED(unsigned long long, "unsigned long long"),
	UNSIGNED(unsigned long long, "unsigned long long int"),
	UNSIGNED(unsigned short, "unsigned short"),
	UNSIGNED(unsigned short, "unsigned short int"),
	UNSIGNED(unsigned char, "unsigned char"),
	UNSIGNED(size_t, "size_t"),
	UNSIGNED(uintptr_t, "uintptr_t"),
	UNSIGNED(uintmax_t, "uintmax_t"),
	UNSIGNED(uid_t, "uid_t"),
	UNSIGNED(gid_t, "gid_t"),
	UNSIGNED(uint8_t, "uint8_t"),
	UNSIGNED(uint16_t, "uint16_t"),
	UNSIGNED(uint32_t, "uint32_t"),
	UNSIGNED(uint64_t, "uint64_t"),
	{ "_Bool", RP_KIND_BOOL, 1 },
};

static const struct c_type pointer_type = { "pointer", RP_KIND_POINTER, 8 };
static const struct c_type unsigned_type = { "unsigned", RP_KIND_UNSIGNED, sizeof(unsigned) };
static const struct c_type bool_type = { "bool", RP_KIND_BOOL, 1 };

/* NULL: text names no type. Any text that ends in '*' is a pointer. */
static const struct c_type *find_type(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!strcmp(text, types[i].name))
			return &types[i];
	}
	return len > 1 && text[len - 1] == '*' ? &pointer_type : NULL;
}

/* Before "as", where only a type is allowed. */
static const struct c_type *find_type_before_as(const char *text)
{
	if (!strcmp(text, bool_type.name))
		return &bool_type;
	if (!strcmp(text, unsigned_type.name))
		return &unsigned_type;
	return strcmp(text, pointer_type.name) ? find_type(text) : &pointer_type;
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
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		names[n++] = types[i].name;
	hint = suggest__hint(text, names, n);
	*why = xasprintf("\"%.80s\" is not allowed%s (%s; a C type, as int, ssize_t or \"unsigned "
			 "long\"; or a type and how to read it, as \"long as value\")",
			 text, hint, buf__str(&kinds));
	return -EINVAL;
}

int returns__parse(const char *text, enum returns *kind, const struct c_type **type, char **why)
{
	const char *as = strstr(text, " as ");
	__cleanup_free char *before = as ? xstrndup(text, as - text) : NULL;

	*kind = RETURNS_AUTO;
	*type = NULL;
	if (as) {
		*type = find_type_before_as(before);
		return *type && find_kind(as + 4, kind) ? 0 : refuse(text, why);
	}
	if (find_kind(text, kind))
		return 0;
	*type = find_type(text);
	return *type ? 0 : refuse(text, why);
}

char *returns__text(enum returns kind, const struct c_type *type)
{
	if (!type || kind == RETURNS_AUTO)
		return xstrdup(type ? type->name : returns_names[kind]);
	return xasprintf("%s as %s", type->name, returns_names[kind]);
}
