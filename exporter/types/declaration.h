/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints C declarations on one line. The caller supplies the types, from BTF or DWARF. */
#pragma once

#include "base/util.h"

struct buf;

enum decl_kind { DECL_NAMED, DECL_POINTER, DECL_QUALIFIER, DECL_ARRAY, DECL_FUNCTION };

/* A link in the chain of a type: pointer -> const -> struct. The caller numbers types; 0: void. */
struct decl_type {
	enum decl_kind kind;
	const char *word; /* "struct", "const", "*", "&"; may be empty */
	const char *
		name; /* of a DECL_NAMED; of a DECL_POINTER to a member, the class; NULL for none */
	char bounds[48]; /* of a DECL_ARRAY: "[4][2]" */
	uint64_t target; /* type that it points to, qualifies, contains or returns */
};

struct decl_parameter {
	uint64_t type;
	const char *name; /* "" for none */
	bool rest;	  /* "..." */
};

struct decl_types {
	const void *source;
	/* False: there is no such type. */
	bool (*look)(const void *source, uint64_t type, struct decl_type *out);
	/* The next parameter of a DECL_FUNCTION; *at starts at 0. False: there are no more. */
	bool (*parameter)(const void *source, uint64_t function, uint64_t *at,
			  struct decl_parameter *out);
};

/* "struct file *file"; without a name (NULL), the type alone. */
void declaration__print(const struct decl_types *types, uint64_t type, const char *name,
			struct buf *out);

/* The parts before and after the name, which fit any name: "int (*" and ")(void)". */
void declaration__before(const struct decl_types *types, uint64_t type, struct buf *out);
void declaration__behind(const struct decl_types *types, uint64_t type, struct buf *out);
