/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Return kinds by request: what may be asked of which type, as one table.
 *
 * Where no type is known (user functions without debug information, kernel functions without BTF)
 * `returns:` may name one. Without it, 32 bits are read: the result is most often an int, and a C
 * int leaves the upper half of its register undefined. Only a pointer has 64 there, and a bool the
 * byte that the ABI defines of C's _Bool.
 */
#include "types/retkind.h"

#include <errno.h>

#include "base/buf.h"

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
	return rows[asked].types & BIT(type->kind) &&
	       (asked != RETURNS_POINTER || type->size == 8 || type->kind == RP_KIND_RAW);
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

static int refuse(const struct retkind_request *r, const struct retkind *type, char **why)
{
	__cleanup_free char *what = describe(type), *asked = returns__text(r->asked, r->c_type);
	__cleanup_buf struct buf others = {};
	const char *signature = r->signature;

	for (enum returns k = RETURNS_AUTO + 1; k < RETURNS_MAX; k++) {
		if (suits(k, type))
			buf__printf(&others, ", %s", returns_names[k]);
	}
	*why = xasprintf(
		"returns: %s does not suit %s%s%s%s, which returns %s; write one of auto%s", asked,
		r->function, signature ? " (" : "", signature ? signature : "",
		signature ? ")" : "", what, buf__str(&others));
	return -EINVAL;
}

static bool is_integer(enum rp_kind kind)
{
	return INTEGERS & BIT(kind);
}

/* Whether the type may be what `returns:` says that it is: signed or not is for the user to say. */
static bool fits(const struct c_type *c, const struct retkind *type)
{
	if (type->kind == RP_KIND_RAW)
		return true;
	return c->size == type->size &&
	       (c->kind == type->kind || (is_integer(c->kind) && is_integer(type->kind)));
}

static uint8_t assumed_size(enum returns asked)
{
	return asked == RETURNS_POINTER ? 8 : asked == RETURNS_BOOL ? 1 : 4;
}

int retkind__apply(const struct retkind_request *r, struct retkind *result, char **why)
{
	struct retkind type = *result;

	if (r->c_type) {
		if (!fits(r->c_type, &type))
			return refuse(r, &type, why);
		type = (struct retkind){ r->c_type->kind, r->c_type->size };
	} else if (type.kind == RP_KIND_RAW) {
		type.size = assumed_size(r->asked);
	}
	if (r->asked != RETURNS_AUTO && !suits(r->asked, &type))
		return refuse(r, &type, why);
	*result = type;
	if (r->asked == RETURNS_VALUE &&
	    (type.kind == RP_KIND_UNSIGNED || type.kind == RP_KIND_BOOL))
		result->kind = RP_KIND_UVALUE;
	else if (r->asked != RETURNS_AUTO)
		result->kind = rows[r->asked].kind;
	else if (r->user && type.kind == RP_KIND_ERRNO)
		result->kind = RP_KIND_RAW;
	return 0;
}
