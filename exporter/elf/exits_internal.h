/* SPDX-License-Identifier: GPL-2.0-only */
/* What a machine's decoder tells elf/exits.c of one instruction. */
#ifndef ELF_EXITS_INTERNAL_H
#define ELF_EXITS_INTERNAL_H

#include "elf/exits.h"

enum flow {
	FLOW_NEXT, /* goes on behind it, or calls */
	FLOW_RETURN,
	FLOW_JUMP,     /* to target */
	FLOW_BRANCH,   /* to target, or goes on */
	FLOW_INDIRECT, /* to what a register or memory has */
};

struct insn {
	uint8_t len;
	enum flow flow;
	uint64_t target;
	/* FLOW_INDIRECT: where the target is. FLOW_BRANCH: the condition; RP_EXIT_UNKNOWN: one that
	 * cannot be told. */
	struct rp_exit how;
	/* What it does to the stack: grown by so many bytes, or it cannot be told. */
	int64_t grows;
	bool moves_stack;
	const char *why; /* cannot be followed */
};

/* One instruction of at most `size` bytes, at offset `at`. False: these are none. */
struct decoder;
struct decoder *exits__decoder(void);
void exits__decoder_free(struct decoder *d);
bool exits__decode(struct decoder *d, const uint8_t *code, size_t size, uint64_t at,
		   struct insn *out);

#endif /* ELF_EXITS_INTERNAL_H */
