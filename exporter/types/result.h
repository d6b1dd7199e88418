/* SPDX-License-Identifier: GPL-2.0-only */
/* Comparisons of a function's result with a constant, for `error:` and for filters on `ret`. */
#ifndef TYPES_RESULT_H
#define TYPES_RESULT_H

#include "bpf/abi.h"
#include "types/enumerators.h"
#include "base/util.h"

/* Which values of a range a comparison is true of. */
enum coverage { COVERS_NONE, COVERS_SOME, COVERS_ALL };

struct range {
	__int128 lo, hi; /* wide enough for those of all 64-bit types */
};

enum coverage range__covered(struct range r, enum rp_compare compare, __int128 literal);

/* How a target's result is read; borrowed. */
struct result {
	enum rp_kind kind;
	uint8_t size; /* bytes: 1, 2, 4, 8 */
	bool user;    /* of a user function: no pointer and no unsigned number is an errno */
	const struct enumerator *enumerators;
	size_t nenumerators;
};

struct result_test {
	struct rp_test test; /* not set: there is no comparison */
	uint32_t classes;    /* bits of enum rp_class: all of its results satisfy the comparison */
	bool split;	     /* some, but not all, results of a class do */
};

/* "<", "==", ... at the beginning of text: its length, or 0 and nothing in *out. */
size_t result__operator(const char *text, enum rp_compare *out);

/*
 * Compiles `RESULT compare literal`. 0, or -EINVAL and *why (to be freed, no position): the literal
 * is no value of the result, or the comparison is true of none or of all of them.
 */
int result__compile(const struct result *r, enum rp_compare compare, const char *literal,
		    struct result_test *out, char **why);

/* Likewise of `error:`, as in "< 0". */
int result__compile_error(const struct result *r, const char *text, struct result_test *out,
			  char **why);

/* Does `error:` compare with null, which only pointers have? */
bool result__asks_for_null(const char *text);

/* Whether a numbered result (RP_KIND_ENUM, RP_KIND_VALUE, RP_KIND_UVALUE) satisfies it. */
bool result__satisfies(const struct result_test *t, int64_t value);

/* The kind that the kernel side is told. */
enum rp_kind result__kernel_kind(const struct result *r);

#endif /* TYPES_RESULT_H */
