/* SPDX-License-Identifier: GPL-2.0-only */
/* Decodes one instruction, as far as elf/exits.c needs it. One implementation per architecture. */
#pragma once

#include "bpf/abi.h"
#include "base/util.h"

enum flow {
	FLOW_NEXT, /* continues with the next instruction, or calls */
	FLOW_RETURN,
	FLOW_JUMP,     /* to target */
	FLOW_BRANCH,   /* to target, or continues */
	FLOW_INDIRECT, /* to an address in a register or in memory */
};

struct insn {
	uint8_t len;
	enum flow flow;
	uint64_t target;
	/* FLOW_INDIRECT: where the target is. FLOW_BRANCH: the condition, or RP_EXIT_UNKNOWN. */
	struct rp_exit how;
	/* Bytes by which the stack grows; moves_stack: by an unknown number. */
	int64_t grows;
	bool moves_stack;
	const char *why; /* it cannot be analysed; NULL: it can */
};

/* The instruction of at most size bytes at code, which is at offset `at` of the file. False: the
 * bytes are not an instruction. *out must be zero. */
bool decoder__decode(const uint8_t *code, size_t size, uint64_t at, struct insn *out);
