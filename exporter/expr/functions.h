/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions of expressions: ntohs(), ip(), errno(), hex(), cast(), ... */
#pragma once

#include "expr/operand.h"

struct function;

/* NULL: there is none of that name. */
const struct function *functions__find(const char *name);
/* What its second argument is, for messages: "a type". NULL: it has none. */
const char *functions__second(const struct function *f);
/* Makes o the function of it; second: the text of the other argument. 0, or -EINVAL with *p->why.
 */
int functions__apply(struct parser *p, const struct function *f, struct operand *o,
		     const char *second);
/* Sets *p->why for a name that is no function. Returns -EINVAL. */
int functions__refuse(const struct parser *p, const char *name);
