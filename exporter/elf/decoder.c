/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/decoder.h"

#if defined(__x86_64__)

#include <Zydis/Zydis.h>

#define INTO_OTHER "it has a far jump or return"

static bool register_number(ZydisRegister reg, uint8_t *out)
{
	if (reg == ZYDIS_REGISTER_NONE)
		*out = RP_REG_NONE;
	else if (reg == ZYDIS_REGISTER_RIP)
		*out = RP_REG_IP;
	else if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
		*out = reg - ZYDIS_REGISTER_RAX;
	else
		return false;
	return true;
}

static bool memory_operand(const ZydisDecodedOperand *op, uint8_t len, struct rp_exit *how)
{
	int64_t disp = op->mem.disp.value;

	if (op->mem.segment == ZYDIS_REGISTER_FS || op->mem.segment == ZYDIS_REGISTER_GS ||
	    !register_number(op->mem.base, &how->base) ||
	    !register_number(op->mem.index, &how->index))
		return false;
	if (how->base == RP_REG_IP)
		disp += len;
	how->kind = RP_EXIT_MEMORY;
	how->shift = op->mem.scale ? __builtin_ctz(op->mem.scale) : 0;
	how->disp = disp;
	return how->disp == disp;
}

static void indirect(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *op,
		     struct insn *out)
{
	/* Compilers mark the jumps of a switch with notrack: its targets have no ENDBR instruction.
	 * A function must have one. */
	if (in->attributes & ZYDIS_ATTRIB_HAS_NOTRACK)
		return;
	out->flow = FLOW_INDIRECT;
	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	    register_number(op->reg.value, &out->how.base))
		out->how.kind = RP_EXIT_REGISTER;
	else if (op->type != ZYDIS_OPERAND_TYPE_MEMORY ||
		 !memory_operand(op, in->length, &out->how))
		out->why = "it has an indirect jump that cannot be evaluated";
}

/* A jump with its target in the instruction, in a register or in memory. */
static void jump(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *op, uint64_t at,
		 bool conditional, struct insn *out)
{
	if (in->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
		out->why = INTO_OTHER;
		return;
	}
	if (op->type != ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		indirect(in, op, out);
		return;
	}
	out->flow = conditional ? FLOW_BRANCH : FLOW_JUMP;
	out->target = at + in->length + op->imm.value.u;
	/* The opcode has the number of a condition on flags; other conditions count a register
	 * down. */
	if ((in->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && (in->opcode & 0xf0) == 0x70) ||
	    (in->opcode_map == ZYDIS_OPCODE_MAP_0F && (in->opcode & 0xf0) == 0x80)) {
		out->how.kind = RP_EXIT_CONDITION;
		out->how.condition = in->opcode & 0xf;
	}
}

/* Finds by how much an instruction moves the stack pointer. */
static void stack(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *op,
		  struct insn *out)
{
	bool writes = false, by_number = in->operand_count_visible == 2 &&
					 op[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
					 op[0].reg.value == ZYDIS_REGISTER_RSP &&
					 op[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;

	for (uint8_t i = 0; i < in->operand_count; i++)
		writes |= op[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			  op[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE &&
			  ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
							   op[i].reg.value) == ZYDIS_REGISTER_RSP;
	if (!writes || in->meta.category == ZYDIS_CATEGORY_CALL)
		return;
	if (in->mnemonic == ZYDIS_MNEMONIC_PUSH && in->operand_width == 64)
		out->grows = 8;
	else if (in->mnemonic == ZYDIS_MNEMONIC_POP && in->operand_width == 64 &&
		 !(op[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		   op[0].reg.value == ZYDIS_REGISTER_RSP))
		out->grows = -8;
	else if (in->mnemonic == ZYDIS_MNEMONIC_SUB && by_number)
		out->grows = op[1].imm.value.s;
	else if (in->mnemonic == ZYDIS_MNEMONIC_ADD && by_number)
		out->grows = -op[1].imm.value.s;
	else
		out->moves_stack = true;
}

bool decoder__decode(const uint8_t *code, size_t size, uint64_t at, struct insn *out)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code, size, &in, operands)))
		return false;
	out->len = in.length;
	switch (in.meta.category) {
	case ZYDIS_CATEGORY_RET:
		out->flow = FLOW_RETURN;
		if (in.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ||
		    in.mnemonic != ZYDIS_MNEMONIC_RET)
			out->why = INTO_OTHER;
		break;
	case ZYDIS_CATEGORY_UNCOND_BR:
		jump(&in, operands, at, false, out);
		break;
	case ZYDIS_CATEGORY_COND_BR:
		jump(&in, operands, at, true, out);
		break;
	case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_IO:
	case ZYDIS_CATEGORY_IOSTRINGOP:
		return false;
	default:
		if (in.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED && in.mnemonic != ZYDIS_MNEMONIC_HLT)
			return false;
		stack(&in, operands, out);
	}
	return true;
}

#elif defined(__aarch64__)

/* A signed field of the instruction, which counts words, in bytes. */
static int64_t distance(uint32_t w, unsigned int bits, unsigned int shift)
{
	return ((int64_t)((uint64_t)w << (64 - bits - shift)) >> (64 - bits)) * 4;
}

static void branch(uint64_t target, struct insn *out)
{
	out->flow = FLOW_BRANCH;
	out->target = target;
}

bool decoder__decode(const uint8_t *code, size_t size, uint64_t at, struct insn *out)
{
	uint32_t w;

	if (size < sizeof(w))
		return false;
	memcpy(&w, code, sizeof(w));
	out->len = sizeof(w);
	out->moves_stack = true;
	if (!(w & 0xffff0000) || (w & 0xffe00000) == 0xd6800000)
		return false; /* UDF, ERET: not allowed in programs */
	if ((w & 0xfffffc1f) == 0xd65f0000 || (w & 0xfffffbff) == 0xd65f0bff) {
		out->flow = FLOW_RETURN; /* RET; RETAA, RETAB */
	} else if ((w & 0xfffffc1f) == 0xd61f0000) {
		out->flow = FLOW_INDIRECT; /* BR */
		out->how.kind = RP_EXIT_REGISTER;
		out->how.base = w >> 5 & 31;
	} else if ((w & 0xfefff800) == 0xd61f0800) {
		out->why = "it has a jump with pointer authentication"; /* BRAA and the like */
	} else if ((w & 0xfc000000) == 0x14000000) {
		out->flow = FLOW_JUMP; /* B */
		out->target = at + distance(w, 26, 0);
	} else if ((w & 0xff000000) == 0x54000000 || (w & 0x7e000000) == 0x34000000) {
		branch(at + distance(w, 19, 5), out); /* B.cond, BC.cond; CBZ, CBNZ */
	} else if ((w & 0x7e000000) == 0x36000000) {
		branch(at + distance(w, 14, 5), out); /* TBZ, TBNZ */
	}
	return true;
}

#else

bool decoder__decode(const uint8_t *code, size_t size, uint64_t at, struct insn *out)
{
	return false;
}

#endif
