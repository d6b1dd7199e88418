/* SPDX-License-Identifier: GPL-2.0-only */
/* What instructions compute from constants. */
#pragma once

#include "base/util.h"

/* False: the result is not known. code: of an instruction of class ALU or ALU64. */
bool known_alu__compute(uint8_t code, uint64_t a, uint64_t b, uint64_t *out);
/* Of a conditional jump: 1 or 0; -1: not known. */
int known_alu__is_taken(uint8_t code, uint64_t a, uint64_t b);
