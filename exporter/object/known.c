/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/known.h"

#include "object/known_alu.h"

/* Sets *slot if the instruction accesses a whole word of the stack by the frame pointer. */
static bool is_slot(const struct bpf_insn *i, uint8_t base, size_t *slot)
{
	int at = -i->off;

	if (base != BPF_REG_10 || BPF_SIZE(i->code) != BPF_DW || BPF_MODE(i->code) != BPF_MEM)
		return false;
	*slot = at / 8 - 1;
	return at % 8 == 0 && at > 0 && at <= STACK_SLOTS * 8;
}

static void overwrite_stack(struct known *s, const struct bpf_insn *i)
{
	int from = i->off, to = from + (int)width_of(i);

	for (int slot = 0; slot < STACK_SLOTS && i->dst_reg == BPF_REG_10; slot++) {
		int begin = -8 * (slot + 1);

		if (from < begin + 8 && begin < to)
			s->slot[slot].kind = UNKNOWN;
	}
}

static struct value load(const struct known *s, const struct known_maps *maps,
			 const struct bpf_insn *i)
{
	struct value from = i->src_reg < INSN_REGS ? s->reg[i->src_reg] : (struct value){};
	struct value out = {};
	size_t slot, width = width_of(i), at;

	if (is_slot(i, i->src_reg, &slot))
		return s->slot[slot];
	if (from.kind != ADDRESS || BPF_MODE(i->code) != BPF_MEM)
		return out;
	at = from.v + i->off;
	if (at > maps->v[from.map].size || width > maps->v[from.map].size - at)
		return out;
	out.kind = NUMBER;
	memcpy(&out.v, (const char *)maps->v[from.map].data + at, width); /* little-endian */
	return out;
}

static struct value wide(const struct known_maps *maps, const struct bpf_insn *i)
{
	struct value out = {};

	if (!i->src_reg)
		return (struct value){ NUMBER, 0, (uint32_t)i[0].imm | (uint64_t)i[1].imm << 32 };
	for (uint32_t m = 0; m < maps->n && i->src_reg == BPF_PSEUDO_MAP_VALUE; m++)
		if (i[0].imm == maps->v[m].fd)
			out = (struct value){ ADDRESS, m, (uint32_t)i[1].imm };
	return out;
}

static struct value operand(const struct known *s, const struct bpf_insn *i)
{
	if (BPF_SRC(i->code) == BPF_X)
		return i->src_reg < INSN_REGS ? s->reg[i->src_reg] : (struct value){};
	return (struct value){ NUMBER, 0, (uint64_t)(int64_t)i->imm };
}

static struct value compute(const struct known *s, const struct bpf_insn *i)
{
	struct value a = s->reg[i->dst_reg], b = operand(s, i), out = {};
	bool is_64 = class_of(i) == BPF_ALU64;

	if (i->off)
		return out; /* newer than this source */
	if (BPF_OP(i->code) == BPF_MOV && is_64)
		return b;
	if (a.kind == ADDRESS && b.kind == NUMBER && is_64 && BPF_OP(i->code) == BPF_ADD)
		return (struct value){ ADDRESS, a.map, a.v + b.v };
	if (BPF_OP(i->code) == BPF_MOV)
		a = b;
	if (a.kind == NUMBER && b.kind == NUMBER && known_alu__compute(i->code, a.v, b.v, &out.v))
		out.kind = NUMBER;
	return out;
}

void known__step(struct known *s, const struct known_maps *maps, const struct bpf_insn *i)
{
	size_t slot;

	switch (class_of(i)) {
	case BPF_ALU:
	case BPF_ALU64:
		s->reg[i->dst_reg] = compute(s, i);
		break;
	case BPF_LD:
		if (is_wide(i))
			s->reg[i->dst_reg] = wide(maps, i);
		break;
	case BPF_LDX:
		s->reg[i->dst_reg] = load(s, maps, i);
		break;
	case BPF_STX:
		overwrite_stack(s, i);
		if (is_slot(i, i->dst_reg, &slot) && i->src_reg < INSN_REGS &&
		    s->reg[i->src_reg].kind == ADDRESS)
			s->slot[slot] = s->reg[i->src_reg];
		if (BPF_MODE(i->code) != BPF_MEM) {
			s->reg[0].kind = UNKNOWN;
			if (i->src_reg < INSN_REGS)
				s->reg[i->src_reg].kind = UNKNOWN;
		}
		break;
	case BPF_ST:
		overwrite_stack(s, i);
		break;
	default:
		for (int r = 0; r <= INSN_CALLS && is_call(i); r++)
			s->reg[r].kind = UNKNOWN;
	}
}

int known__is_taken(const struct known *s, const struct bpf_insn *i)
{
	struct value a, b;

	if (is_always(i))
		return 1;
	a = i->dst_reg < INSN_REGS ? s->reg[i->dst_reg] : (struct value){};
	b = operand(s, i);
	if (a.kind != NUMBER || b.kind != NUMBER)
		return -1;
	return known_alu__is_taken(i->code, a.v, b.v);
}

struct value known__result(const struct known *s, const struct known_maps *maps,
			   const struct bpf_insn *i)
{
	if (is_alu(i))
		return compute(s, i);
	return class_of(i) == BPF_LDX ? load(s, maps, i) : (struct value){};
}

bool known__spills(const struct known *s, const struct bpf_insn *i)
{
	size_t slot;

	return class_of(i) == BPF_STX && is_slot(i, i->dst_reg, &slot) && i->src_reg < INSN_REGS &&
	       s->reg[i->src_reg].kind == ADDRESS;
}

static bool same(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && (a->kind == UNKNOWN || (a->v == b->v && a->map == b->map));
}

static bool merge_values(struct value *into, const struct value *from, size_t n)
{
	bool changed = false;

	for (size_t i = 0; i < n; i++)
		if (into[i].kind && !same(&into[i], &from[i])) {
			into[i].kind = UNKNOWN;
			changed = true;
		}
	return changed;
}

bool known__merge(struct known *into, const struct known *from)
{
	bool changed = merge_values(into->reg, from->reg, INSN_REGS);

	return merge_values(into->slot, from->slot, STACK_SLOTS) || changed;
}
