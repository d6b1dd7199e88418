/* SPDX-License-Identifier: GPL-2.0-only */
/* Operators on numbers, with a constant on the right: `flags & 0x3`, `len >> 10`, `x << 2`. */
#pragma once

#include "expr/operand.h"

/* These return 0, or -EINVAL with *p->why. */

/* Takes the operators that follow, and applies them to o. */
int operators__take(struct parser *p, struct operand *o);
/* ntohs, ntohl: swaps the last 2 or 4 bytes of a number. */
int operators__swap(struct parser *p, struct expr *e, uint32_t bytes);
/* Only these bits of the number remain. */
void operators__mask(struct expr *e, uint64_t bits);
/* Cuts an untyped word to its last 32 bits: the rest of a register is undefined. */
void operators__cut(struct expr *e, bool is_signed);
/* The number that the expression cannot exceed. */
uint64_t operators__most(const struct expr *e);
