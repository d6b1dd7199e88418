/* SPDX-License-Identifier: GPL-2.0-only */
/* How a result is read: by its type, and by what the configuration asks for. */
#ifndef TYPES_RETKIND_H
#define TYPES_RETKIND_H

#include "bpf/abi.h"
#include "config/config.h"
#include "base/util.h"

/* A result. As a type: RP_KIND_ERRNO is any signed integer, RP_KIND_RAW a type that is not known.
 */
struct retkind {
	enum rp_kind kind;
	uint8_t size; /* bytes: 1, 2, 4, 8 */
};

struct retkind_request {
	enum returns asked;
	const struct c_type *c_type; /* NULL: none is named */
	bool user;		     /* of a user function, whose integers are no errnos */
	const char *function;	     /* for messages */
	const char *signature;	     /* likewise; NULL: not known */
};

/* Turns the type into what is asked for. -EINVAL and *why (to be freed, without a position) if such
 * a result cannot be read so. */
int retkind__apply(const struct retkind_request *r, struct retkind *result, char **why);

#endif /* TYPES_RETKIND_H */
