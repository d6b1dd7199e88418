/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions about instructions. */
#pragma once

#include <linux/bpf.h>
#include <linux/filter.h>

#include "base/util.h"

#define INSN_REGS  10 /* without the frame pointer */
#define INSN_CALLS 5  /* a call clobbers the registers from 0 to this */

static inline uint8_t class_of(const struct bpf_insn *i)
{
	return BPF_CLASS(i->code);
}

static inline bool is_alu(const struct bpf_insn *i)
{
	return class_of(i) == BPF_ALU || class_of(i) == BPF_ALU64;
}

/* Not a byte swap, nor one of the instructions that came with kernels after 5.10. */
static inline bool is_plain_alu(const struct bpf_insn *i)
{
	return is_alu(i) && !i->off && BPF_OP(i->code) <= BPF_ARSH && BPF_OP(i->code) != BPF_NEG;
}

static inline bool is_wide(const struct bpf_insn *i)
{
	return i->code == (BPF_LD | BPF_IMM | BPF_DW);
}

static inline bool is_branching(const struct bpf_insn *i)
{
	return class_of(i) == BPF_JMP || class_of(i) == BPF_JMP32;
}

static inline bool is_call(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_CALL);
}

static inline bool is_exit(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_EXIT);
}

static inline bool is_always(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_JA);
}

static inline bool is_jump(const struct bpf_insn *i)
{
	return is_branching(i) && !is_call(i) && !is_exit(i);
}

/* The function that an instruction calls, or whose address it takes; 0: none. */
static inline size_t function_of(const struct bpf_insn *code, size_t i)
{
	bool calls = is_call(&code[i]) && code[i].src_reg == BPF_PSEUDO_CALL;
	bool takes = is_wide(&code[i]) && code[i].src_reg == BPF_PSEUDO_FUNC;

	return calls || takes ? i + 1 + code[i].imm : 0;
}

static inline size_t width_of(const struct bpf_insn *i)
{
	static const uint8_t widths[] = {
		[BPF_B >> 3] = 1, [BPF_H >> 3] = 2, [BPF_W >> 3] = 4, [BPF_DW >> 3] = 8
	};

	return widths[BPF_SIZE(i->code) >> 3];
}
