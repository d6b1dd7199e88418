/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads an expression, token by token. */
#pragma once

#include "base/error.h"
#include "expr/scope.h"

#define PARSER_NAME_MAX 127 /* bytes; names in a kernel are at most half as long */

struct parser {
	const struct expr_scope *scope;
	const char *start, *at; /* of the expression; the current position */
	char **why;
	uint32_t depth; /* of parentheses */
};

void parser__skip(struct parser *p); /* skips blanks */
/* Takes the token if it comes next. */
bool parser__take(struct parser *p, const char *token);
/* Takes a C identifier; name[0] is 0 if there is none. -EINVAL: it is too long. */
int parser__take_name(struct parser *p, char name[static PARSER_NAME_MAX + 1]);
char *parser__part(const struct parser *p); /* the text parsed so far; to be freed */
/* Sets *p->why to that text in quotes and the message. Returns -EINVAL. */
int parser__refuse(const struct parser *p, const char *fmt, ...) __printf_like(2, 3);
