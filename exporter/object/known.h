/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of registers and of the stack before an instruction: see prune.c. */
#pragma once

#include "object/insn.h"

/* A frozen map of constants. */
struct known_map {
	int fd;
	const void *data;
	size_t size;
};

enum kind { UNKNOWN, NUMBER, ADDRESS };

struct value {
	enum kind kind;
	uint32_t map;
	uint64_t v; /* or the offset in the map */
};

#define STACK_SLOTS 64 /* words */

struct known {
	struct value reg[INSN_REGS], slot[STACK_SLOTS];
};

struct known_maps {
	const struct known_map *v;
	size_t n;
};

/* What is known after an instruction. */
void known__step(struct known *s, const struct known_maps *maps, const struct bpf_insn *i);
/* What the instruction computes or loads; UNKNOWN also if it does neither. */
struct value known__result(const struct known *s, const struct known_maps *maps,
			   const struct bpf_insn *i);
/* Whether it stores the address of a constant in a word of the stack. */
bool known__spills(const struct known *s, const struct bpf_insn *i);
/* 1: a jump is taken, 0: it is not, -1: either. */
int known__is_taken(const struct known *s, const struct bpf_insn *i);
/* Another path leads to the same instruction: what both know. False: as much as before. */
bool known__merge(struct known *into, const struct known *from);
