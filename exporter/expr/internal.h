/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of expressions share among themselves; nobody else includes this. */
#ifndef EXPR_INTERNAL_H
#define EXPR_INTERNAL_H

#include "base/buf.h"
#include "base/error.h"
#include "expr/expr.h"

/* ---- expr/types.c: C types ---- */

enum shape_kind {
	SHAPE_VOID,
	SHAPE_INT,
	SHAPE_BOOL,
	SHAPE_ENUM,
	SHAPE_POINTER,
	SHAPE_ARRAY,
	SHAPE_STRUCT, /* or union */
	SHAPE_OTHER,  /* nothing that an expression can show or go through */
};

/* What a type is once typedefs and qualifiers are seen through. */
struct shape {
	enum shape_kind kind;
	uint32_t size; /* of numbers */
	bool is_signed;
	bool is_char;		    /* plain char: text, where there are several */
	const struct btf_type *btf; /* ENUM, ARRAY, STRUCT */
};

/* A C type that is in BTF, or one that needs none. */
struct ctype {
	const struct plain_type *plain; /* NULL: see id */
	uint32_t id;
	uint32_t stars; /* pointers to it */
};

struct plain_type {
	const char *name;
	struct shape shape;
};

extern const struct plain_type plain_word; /* a register's content, its type unknown */

struct shape ctype__shape(const struct btf *btf, struct ctype t);
/* *user is set if it is marked as memory of the process. */
struct ctype ctype__pointee(const struct btf *btf, struct ctype t, bool *user);
uint32_t ctype__nelems(const struct shape *array); /* 0: open end */
struct ctype ctype__element(const struct shape *array);
/* Bytes, or 0 if that is not known. */
uint64_t ctype__size(const struct btf *btf, struct ctype t);
struct ctype ctype__parse(const struct btf *btf, const char *text);
char *ctype__text(const struct btf *btf, struct ctype t); /* to be freed */

struct member {
	struct ctype type;
	uint64_t bit;  /* from the beginning of the struct */
	uint32_t bits; /* of a bit-field, else 0 */
};

bool struct__find(const struct btf *btf, const struct btf_type *t, const char *name,
		  struct member *out);
/* "it has no i_nod; did you mean i_ino? Its members are ...": the nearest names, and all or the
 * first. name may be NULL: the members alone. To be freed. */
char *struct__members(const struct btf *btf, const struct btf_type *t, const char *name);

/* ---- expr/expr.c: the grammar ---- */

struct parser {
	const struct expr_scope *scope;
	const char *start, *at; /* of the expression; where we are */
	char **why;
};

/* What has been parsed so far. */
struct operand {
	struct ctype type;
	struct rp_field field; /* source and the pointers followed */
	bool in_memory; /* at bit `at` behind the last pointer; else in the argument's words */
	uint64_t at;
	uint32_t bits;	       /* of a bit-field, else 0 */
	bool is_text;	       /* str() */
	bool is_word;	       /* comm, pid, ... */
	bool is_declared;      /* arg0, ...: */
	struct ctype declared; /* what is known of its type */
};

int parser__expr(struct parser *p, struct operand *out);
/* Makes o the text that is at it, or that it points to. */
int parser__text(struct parser *p, struct operand *o);
char *parser__part(const struct parser *p); /* what has been parsed, to be freed */
void parser__skip(struct parser *p);	    /* blanks */

/* ---- expr/value.c: the end of it ---- */

/* Where its value is and what it looks like. The enumerators are out's. */
int parser__finish(struct parser *p, const struct operand *o, struct expr *out);

/* ---- expr/names.c: what a name stands for ---- */

bool names__word(const char *name, struct operand *out);
bool names__is_parameter(const struct expr_scope *s, const char *name);
int names__resolve(struct parser *p, const char *name, struct operand *out);

#endif /* EXPR_INTERNAL_H */
