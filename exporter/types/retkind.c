/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One table says which `returns:` suits which type.
 *
 * The type may be unknown: user functions without debug information, kernel functions without BTF.
 * `returns:` may then name it. Without a name, 32 bits are read: most results are ints, which leave
 * the upper half of the register undefined. `returns: pointer` reads 64 bits, `returns: bool` the
 * one byte that the ABI defines for _Bool.
 */
#include "types/retkind.h"

#include "base/buf.h"
#include "base/error.h"
#include "types/result.h"

#define ANY	 (~0U)
#define BIT(x)	 (1U << (x))
#define TYPELESS BIT(RP_KIND_RAW)
#define INTEGERS (BIT(RP_KIND_ERRNO) | BIT(RP_KIND_UNSIGNED))

static const struct request_row {
	uint32_t types; /* bits of the types that it suits */
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
	/* A pointer has eight bytes. */
	return rows[asked].types & BIT(type->kind) &&
	       (asked != RETURNS_POINTER || type->size == 8 || type->kind == RP_KIND_RAW);
}

static char *describe(const struct retkind *type)
{
	const struct result r = { .kind = type->kind, .size = type->size };

	if (type->kind == RP_KIND_VOID)
		return xstrdup("no value that fits a register");
	if (type->kind == RP_KIND_RAW)
		return xstrdup("a value of unknown type");
	return result__describe(&r);
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
	return error__refuse(
		why, "returns: %s does not suit %s%s%s%s, which returns %s; write one of auto%s",
		asked, r->function, signature ? " (" : "", signature ? signature : "",
		signature ? ")" : "", what, buf__str(&others));
}

static bool is_integer(enum rp_kind kind)
{
	return INTEGERS & BIT(kind);
}

/* Whether `returns:` may name this C type. The user decides whether an integer is signed. */
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
