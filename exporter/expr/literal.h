/* SPDX-License-Identifier: GPL-2.0-only */
/* The value that a filter compares with: a number, a name or a text. */
#pragma once

#include "expr/compiled.h"

struct comparison {
	const char *left, *literal;
	enum rp_compare compare;
	bool quoted;  /* the literal was in quotes */
	bool negated; /* of RP_AND: no bit in common. Others are inverted already */
	bool is_in;   /* it is one of the values after `in` */
};

/* These return 0, or -EINVAL with *why: e is never so, or has no such value. */

/* Of an expression that is text. */
int literal__text(const struct expr *e, const struct comparison *c, struct rp_filter *out,
		  char **why);
/* Of one that is a number. */
int literal__number(const struct expr *e, const struct comparison *c, __u64 *out, char **why);
