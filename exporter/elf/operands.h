/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments of a USDT probe: operands in the assembler's notation, as the compiler wrote them.
 */
#pragma once

#include "base/util.h"
#include "bpf/abi.h"

/*
 * Reads "-4@%eax 8@-16(%rbp) 4@$5", of arm64 "-4@w0 8@[sp, 16]". Writes at most max operands, and
 * returns how many there are. One that BPF programs cannot read (a floating-point register, a
 * symbol) is RP_OPERAND_NONE; its size is known.
 */
size_t operands__parse(const char *text, struct rp_operand *out, size_t max);
