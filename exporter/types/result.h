/* SPDX-License-Identifier: GPL-2.0-only */
/* Compares a function's result with a constant, for `error:` and for filters on `ret`. */
#pragma once

#include "bpf/abi.h"
#include "types/enumerators.h"
#include "base/util.h"

/* How many values of a range satisfy a comparison. */
enum coverage { COVERS_NONE, COVERS_SOME, COVERS_ALL };

struct range {
	__int128 lo, hi; /* holds all signed and unsigned 64-bit values */
};

enum coverage range__covered(struct range r, enum rp_compare compare, __int128 literal);

/* The sizes of numbers that fit a register. */
static inline bool result__is_size(uint64_t bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/* How a target's result is read; borrowed. */
struct result {
	enum rp_kind kind;
	uint8_t size; /* bytes: 1, 2, 4, 8 */
	bool user;    /* of a user function: pointers and unsigned numbers are never errnos */
	const struct enumerator *enumerators;
	size_t nenumerators;
};

struct result_test {
	struct rp_test test; /* .set is 0: no comparison */
	uint32_t classes;    /* bits of enum rp_class: classes whose every result satisfies it */
	bool split;	     /* a class has results that satisfy it, and others */
};

/* "a pointer", "a signed integer of 4 bytes": the type of the result, for messages. To be freed. */
char *result__describe(const struct result *r);

/* The length of the operator at the start of text ("<", "=="). 0: none, *out is unchanged. */
size_t result__operator(const char *text, enum rp_compare *out);

/*
 * Compiles `RESULT compare literal`. 0, or -EINVAL with *why (to be freed, no position): the result
 * cannot have that value, or the comparison is always or never true.
 */
int result__compile(const struct result *r, enum rp_compare compare, const char *literal,
		    struct result_test *out, char **why);

/* The same for the text of `error:`, as in "< 0". */
int result__compile_error(const struct result *r, const char *text, struct result_test *out,
			  char **why);

/* Whether `error:` compares with null, so that the result must be a pointer. */
bool result__asks_for_null(const char *text);

/* Whether a numbered result (RP_KIND_ENUM, RP_KIND_VALUE, RP_KIND_UVALUE) satisfies it. */
bool result__satisfies(const struct result_test *t, int64_t value);

/* The kind that the BPF program uses. */
enum rp_kind result__kernel_kind(const struct result *r);
