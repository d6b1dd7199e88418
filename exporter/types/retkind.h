/* SPDX-License-Identifier: GPL-2.0-only */
/* How a result is read: by its type and by `returns:`. */
#pragma once

#include "bpf/abi.h"
#include "types/returns.h"

/* As a type, RP_KIND_ERRNO is any signed integer and RP_KIND_RAW an unknown type. */
struct retkind {
	enum rp_kind kind;
	uint8_t size; /* bytes: 1, 2, 4, 8 */
};

struct retkind_request {
	enum returns asked;
	const struct c_type *c_type; /* NULL: `returns:` names none */
	bool user;		     /* of a user function: its integers are not errnos */
	const char *function;	     /* for messages */
	const char *signature;	     /* for messages; NULL: unknown */
};

/* Turns the type in *result into the requested kind. -EINVAL with *why (to be freed, no position):
 * `returns:` does not suit the type. */
int retkind__apply(const struct retkind_request *r, struct retkind *result, char **why);
