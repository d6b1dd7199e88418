/* SPDX-License-Identifier: GPL-2.0-only */
/* The fields of a tracepoint's record, as names in expressions. */
#pragma once

#include "expr/operand.h"

/* Whether name is a field that expressions can use. */
bool record__has(const struct expr_scope *s, const char *name);
/* 0 with *out; or -EINVAL with *p->why: there is no such field, or its type is not known. */
int record__resolve(struct parser *p, const char *name, struct operand *out);
