/* SPDX-License-Identifier: GPL-2.0-only */
/* Resolves the first name of an expression. */
#pragma once

#include "expr/operand.h"

/* Whether name is a word about the task (comm, pid, ...); *out is its value then. */
bool names__word(const char *name, struct operand *out);
bool names__is_parameter(const struct expr_scope *s, const char *name);
/* 0, or -EINVAL with *p->why: unknown, or not in a register. */
int names__resolve(struct parser *p, const char *name, struct operand *out);
