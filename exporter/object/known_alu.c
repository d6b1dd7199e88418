/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/known_alu.h"

#include <linux/bpf.h>
#include <linux/filter.h>

bool known_alu__compute(uint8_t code, uint64_t a, uint64_t b, uint64_t *out)
{
	bool is_64 = BPF_CLASS(code) == BPF_ALU64;
	uint64_t v;

	if (!is_64) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (BPF_OP(code)) {
	case BPF_MOV:
		v = b;
		break;
	case BPF_ADD:
		v = a + b;
		break;
	case BPF_SUB:
		v = a - b;
		break;
	case BPF_MUL:
		v = a * b;
		break;
	case BPF_AND:
		v = a & b;
		break;
	case BPF_OR:
		v = a | b;
		break;
	case BPF_XOR:
		v = a ^ b;
		break;
	case BPF_LSH:
		v = a << (b & (is_64 ? 63 : 31));
		break;
	case BPF_RSH:
		v = a >> (b & (is_64 ? 63 : 31));
		break;
	default:
		return false;
	}
	*out = is_64 ? v : (uint32_t)v;
	return true;
}

int known_alu__is_taken(uint8_t code, uint64_t a, uint64_t b)
{
	bool is_64 = BPF_CLASS(code) == BPF_JMP;
	int64_t x, y;

	if (!is_64) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	x = is_64 ? (int64_t)a : (int32_t)a;
	y = is_64 ? (int64_t)b : (int32_t)b;
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSGT:
		return x > y;
	case BPF_JSGE:
		return x >= y;
	case BPF_JSLT:
		return x < y;
	case BPF_JSLE:
		return x <= y;
	case BPF_JSET:
		return (a & b) != 0;
	default:
		return -1;
	}
}
