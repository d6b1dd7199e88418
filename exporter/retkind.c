/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Return kinds by request: what may be asked of which type, as one table.
 *
 * Where no type is known (user functions, kernel functions without BTF) all but `enum` may be asked
 * for, and the whole register is read, since nothing tells how much of it is the result: a C int
 * leaves its upper half undefined, and -1 as 0xffffffff is then a positive number. Only `bool`
 * reads a byte there: that is what the ABI defines of C's _Bool.
 */
#include "retkind.h"

#include <errno.h>

#include "buf.h"

#define ANY	 (~0U)
#define BIT(x)	 (1U << (x))
#define TYPELESS BIT(RP_KIND_RAW)
#define INTEGERS (BIT(RP_KIND_ERRNO) | BIT(RP_KIND_UNSIGNED))

static const struct request_row {
	uint32_t types; /* which it may be asked of: kinds that types have, as bits */
	enum rp_kind kind;
} rows[RETURNS_MAX] = {
	[RETURNS_ERRNO] = { INTEGERS | TYPELESS, RP_KIND_ERRNO },
	[RETURNS_POINTER] = { BIT(RP_KIND_POINTER) | BIT(RP_KIND_UNSIGNED) | TYPELESS,
			      RP_KIND_POINTER },
	[RETURNS_BOOL] = { BIT(RP_KIND_BOOL) | INTEGERS | TYPELESS, RP_KIND_BOOL },
	[RETURNS_UNSIGNED] = { INTEGERS | TYPELESS, RP_KIND_UNSIGNED },
	[RETURNS_ENUM] = { BIT(RP_KIND_ENUM), RP_KIND_ENUM },
	[RETURNS_RAW] = { INTEGERS | BIT(RP_KIND_POINTER) | TYPELESS, RP_KIND_RAW },
	[RETURNS_VALUE] = { INTEGERS | BIT(RP_KIND_BOOL) | BIT(RP_KIND_ENUM) | TYPELESS,
			    RP_KIND_VALUE },
	[RETURNS_SIZE] = { INTEGERS | TYPELESS, RP_KIND_SIZE },
	[RETURNS_VOID] = { ANY, RP_KIND_VOID },
};

static bool suits(enum returns asked, const struct retkind *type)
{
	/* An address has eight bytes. */
	return rows[asked].types & BIT(type->kind) && (asked != RETURNS_POINTER || type->size == 8);
}

static char *describe(const struct retkind *type)
{
	switch (type->kind) {
	case RP_KIND_ERRNO:
		return xasprintf("a signed integer of %u byte%s", type->size,
				 type->size > 1 ? "s" : "");
	case RP_KIND_UNSIGNED:
		return xasprintf("an unsigned integer of %u byte%s", type->size,
				 type->size > 1 ? "s" : "");
	case RP_KIND_POINTER:
		return xstrdup("a pointer");
	case RP_KIND_BOOL:
		return xstrdup("a bool");
	case RP_KIND_ENUM:
		return xstrdup("an enum");
	case RP_KIND_VOID:
		return xstrdup("nothing, or nothing that fits the register that is read");
	default:
		return xstrdup("something of a type that is not known");
	}
}

static int refuse(enum returns asked, const char *function, const char *signature,
		  const struct retkind *type, char **why)
{
	__cleanup_free char *what = describe(type);
	__cleanup_buf struct buf others = {};

	for (enum returns r = RETURNS_AUTO + 1; r < RETURNS_MAX; r++) {
		if (suits(r, type))
			buf__printf(&others, ", %s", returns_names[r]);
	}
	*why = xasprintf(
		"returns: %s does not suit %s%s%s%s, which returns %s; write one of auto%s",
		returns_names[asked], function, signature ? " (" : "", signature ? signature : "",
		signature ? ")" : "", what, buf__str(&others));
	return -EINVAL;
}

int retkind__apply(enum returns asked, const char *function, const char *signature,
		   struct retkind *result, char **why)
{
	enum rp_kind kind = rows[asked].kind;

	if (asked == RETURNS_AUTO)
		return 0;
	if (!suits(asked, result))
		return refuse(asked, function, signature, result, why);
	if (asked == RETURNS_VALUE &&
	    (result->kind == RP_KIND_UNSIGNED || result->kind == RP_KIND_BOOL))
		kind = RP_KIND_UVALUE;
	if (asked == RETURNS_BOOL && result->kind == RP_KIND_RAW)
		result->size = 1;
	result->kind = kind;
	return 0;
}
