/* SPDX-License-Identifier: GPL-2.0-only */
/* The last step of compiling an expression. */
#pragma once

#include "expr/compiled.h"
#include "expr/operand.h"

/* Finds where the value of o is and how it is shown. 0, or -EINVAL and *p->why. expr__free(out). */
int value__finish(struct parser *p, const struct operand *o, struct expr *out);
