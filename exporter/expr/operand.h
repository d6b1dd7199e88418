/* SPDX-License-Identifier: GPL-2.0-only */
/* The value that an expression has reached so far. */
#pragma once

#include "bpf/abi.h"
#include "expr/compiled.h"
#include "expr/ctype.h"
#include "expr/parser.h"

/* Located in an argument, or in memory behind some pointers. */
struct operand {
	struct ctype type;
	struct rp_field field; /* source, and the pointers that were followed */
	bool in_memory;	       /* at bit `at` from the last pointer; else from the argument */
	uint64_t at;
	uint32_t bits;	  /* of a bit-field, else 0 */
	bool is_text;	  /* str() */
	uint8_t counted;  /* text with a length: bits of enum rp_text */
	bool is_basename; /* text: the last part of a path */
	uint8_t of_file;  /* text: RP_TEXT_DENTRY or RP_TEXT_PATH, with its path */
	struct rp_path_layout path;
	bool is_word;	  /* comm, pid, ... */
	bool is_declared; /* arg0, ...: declared is its type, if known */
	struct ctype declared;
	bool to_user;  /* a pointer, which a cast has made of one to user memory */
	bool is_value; /* an operator or a function has been applied */
	struct expr value;
};

/* These return 0, or -EINVAL with *p->why. */

/* Dereferences the pointer in o. user: it points to memory of the process. */
int operand__follow(struct parser *p, struct operand *o, bool user);
/* Moves on by a number of bits, within a struct or an array. */
int operand__advance(struct parser *p, struct operand *o, uint64_t bits);
/* Turns o into the text that it contains or points to. */
int operand__make_text(struct parser *p, struct operand *o);
/* Makes o a value, to which operators and functions can be applied. expr__free(&o->value). */
int operand__make_value(struct parser *p, struct operand *o);
/* Finds where the value of o is and how it is shown. expr__free(out). */
int operand__finish(struct parser *p, const struct operand *o, struct expr *out);
