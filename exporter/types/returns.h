/* SPDX-License-Identifier: GPL-2.0-only */
/* What `returns:` can say: how a result is read, the C type that it has, or both. */
#ifndef TYPES_RETURNS_H
#define TYPES_RETURNS_H

#include "bpf/abi.h"
#include "base/util.h"

/* How the result is read; RETURNS_AUTO: by its type. */
enum returns {
	RETURNS_AUTO,
	RETURNS_ERRNO,
	RETURNS_POINTER,
	RETURNS_BOOL,
	RETURNS_UNSIGNED,
	RETURNS_ENUM,
	RETURNS_RAW,
	RETURNS_VALUE,
	RETURNS_SIZE,
	RETURNS_VOID,
	RETURNS_MAX,
};
extern const char *const returns_names[RETURNS_MAX]; /* "auto", "errno", ... */

/* A C type, as BTF would describe it: RP_KIND_ERRNO stands for any signed integer. */
struct c_type {
	const char *name;
	enum rp_kind kind;
	uint8_t size;
};

/* "value", "int", or "long as value". *type is static; NULL: text names none. -EINVAL and *why (to
 * be freed, no position). */
int returns__parse(const char *text, enum returns *kind, const struct c_type **type, char **why);
/* The same as text, to be freed. */
char *returns__text(enum returns kind, const struct c_type *type);

#endif /* TYPES_RETURNS_H */
