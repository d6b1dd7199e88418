/* SPDX-License-Identifier: GPL-2.0-only */
/* C types in expressions. */
#pragma once

#include <bpf/btf.h>

#include "base/util.h"

enum shape_kind {
	SHAPE_VOID,
	SHAPE_INT,
	SHAPE_BOOL,
	SHAPE_ENUM,
	SHAPE_POINTER,
	SHAPE_ARRAY,
	SHAPE_STRUCT, /* or union */
	SHAPE_OTHER,  /* expressions cannot use it */
};

/* A type without its typedefs and qualifiers. */
struct shape {
	enum shape_kind kind;
	uint32_t size; /* of numbers */
	bool is_signed;
	bool is_char;		    /* plain char: several of them are text */
	const struct btf_type *btf; /* ENUM, ARRAY, STRUCT */
};

/* A C type, from BTF or built in, and pointers to it. */
struct ctype {
	const struct plain_type *plain; /* NULL: see id */
	uint32_t id;
	uint32_t stars; /* number of pointers */
};

struct plain_type {
	const char *name;
	struct shape shape;
};

extern const struct plain_type plain_word; /* a register of unknown type */

struct shape ctype__shape(const struct btf *btf, struct ctype t);
/* Sets *user if the type is marked __user. */
struct ctype ctype__pointee(const struct btf *btf, struct ctype t, bool *user);
struct ctype ctype__element(const struct shape *array);
/* In bytes; 0: unknown. */
uint64_t ctype__size(const struct btf *btf, struct ctype t);
struct ctype ctype__parse(const struct btf *btf, const char *text);
/* A number of 1, 2, 4 or 8 bytes; of another size: unknown. */
struct ctype ctype__number(uint64_t size, bool is_signed);
/* An array of n numbers of that size. False: no type of btf has one. */
bool ctype__find_array(const struct btf *btf, uint32_t n, uint64_t size, struct ctype *out);
char *ctype__text(const struct btf *btf, struct ctype t); /* to be freed */

struct member {
	struct ctype type;
	uint64_t bit;  /* offset in the struct */
	uint32_t bits; /* width of a bit-field, else 0 */
};

/* Whether t is a struct that begins with a pointer to bytes and their number: text with its length.
 * *length_first: in the other order. */
bool ctype__is_counted_text(const struct btf *btf, struct ctype t, bool *length_first);

/* Also looks into anonymous members. */
bool ctype__find_member(const struct btf *btf, const struct btf_type *t, const char *name,
			struct member *out);
/* "no member "i_nod"; did you mean i_ino? It has ...": the closest names, and the first members.
 * name may be NULL: only the members. To be freed. */
char *ctype__members(const struct btf *btf, const struct btf_type *t, const char *name);
