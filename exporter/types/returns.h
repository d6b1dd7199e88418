/* SPDX-License-Identifier: GPL-2.0-only */
/* The values of `returns:`: how to read a result, its C type, or both. */
#pragma once

#include "bpf/abi.h"
#include "base/util.h"

/* How to read the result; RETURNS_AUTO: by its type. */
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

/* A C type as BTF describes it: RP_KIND_ERRNO is any signed integer. */
struct c_type {
	const char *name;
	enum rp_kind kind;
	uint8_t size;
};

/* Parses "value", "int" or "long as value". *type is static; NULL: text names no type. -EINVAL with
 * *why (to be freed, no position). */
int returns__parse(const char *text, enum returns *kind, const struct c_type **type, char **why);
/* The inverse of returns__parse(). To be freed. */
char *returns__text(enum returns kind, const struct c_type *type);
