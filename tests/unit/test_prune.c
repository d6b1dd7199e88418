/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs without what their constants rule out do the same as before, in fewer instructions. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/bpf.h>
#include <linux/filter.h>

#include "object/prune.h"

#define MAP	 7 /* descriptors */
#define OTHER	 8
#define MAX	 128
#define CONSTANT 16 /* bytes of constants */

static const uint8_t constants[CONSTANT] = { 1, 0, 0, 0, 0x80, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80 };
static const struct known_map map = { MAP, constants, sizeof(constants) };

/* BPF_LD_IMM64 of an address in a map. */
#define ADDRESS(reg, map, at)                \
	{ .code = BPF_LD | BPF_IMM | BPF_DW, \
	  .dst_reg = (reg),                  \
	  .src_reg = BPF_PSEUDO_MAP_VALUE,   \
	  .imm = (map) },                    \
	{                                    \
		.imm = (at)                  \
	}
#define LOAD(size, reg, from, at)                                                            \
	{                                                                                    \
		.code = BPF_LDX | BPF_MEM | BPF_##size, .dst_reg = (reg), .src_reg = (from), \
		.off = (at)                                                                  \
	}
#define STORE(to, at, reg)                                                                         \
	{                                                                                          \
		.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = (to), .src_reg = (reg), .off = (at) \
	}
#define MOV(reg, v)                                                               \
	{                                                                         \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (reg), .imm = (v) \
	}
#define ADD(reg, by)                                                                   \
	{                                                                              \
		.code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = (reg), .src_reg = (by) \
	}
#define ADD_NUMBER(reg, v)                                                        \
	{                                                                         \
		.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (reg), .imm = (v) \
	}
#define IF(op, reg, v, to)                                                                    \
	{                                                                                     \
		.code = BPF_JMP | BPF_##op | BPF_K, .dst_reg = (reg), .imm = (v), .off = (to) \
	}
#define GOTO(to)                                      \
	{                                             \
		.code = BPF_JMP | BPF_JA, .off = (to) \
	}
#define CALL(to)                                                                    \
	{                                                                           \
		.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = (to) \
	}
#define HELPER                                                           \
	{                                                                \
		.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_ns \
	}
#define EXIT                               \
	{                                  \
		.code = BPF_JMP | BPF_EXIT \
	}

struct funcs {
	uint32_t first, type;
};

/* Prunes a copy of `from` into `to`. Returns its length. */
static size_t pruned(const struct bpf_insn *from, size_t n, struct bpf_insn *to,
		     struct funcs *funcs, uint32_t *nfuncs)
{
	struct prune_code c = { to, n, funcs, *nfuncs, sizeof(*funcs) };

	memcpy(to, from, n * sizeof(*from));
	prune__code(&c, &map, 1);
	*nfuncs = c.nfuncs;
	return c.n;
}

static void expect(const struct bpf_insn *from, size_t n, const struct bpf_insn *want, size_t nwant)
{
	struct funcs funcs[1] = { { 0, 1 } };
	struct bpf_insn to[MAX];
	uint32_t nfuncs = 1;

	assert_int_equal(pruned(from, n, to, funcs, &nfuncs), nwant);
	assert_memory_equal(to, want, nwant * sizeof(*want));
}

#define EXPECT(from, want) expect(from, ARRAY_SIZE(from), want, ARRAY_SIZE(want))

static void a_branch_that_is_ruled_out(void **state)
{
	static const struct bpf_insn from[] = { ADDRESS(1, MAP, 0),
						LOAD(W, 2, 1, 0),
						IF(JEQ, 2, 1, 2),
						HELPER,
						GOTO(1),
						MOV(0, 5),
						EXIT };
	static const struct bpf_insn want[] = { MOV(0, 5), EXIT };

	EXPECT(from, want);
}

static void a_branch_that_is_not_taken(void **state)
{
	static const struct bpf_insn from[] = { ADDRESS(1, MAP, 4),
						LOAD(H, 2, 1, 0),
						IF(JGT, 2, 0x280, 2),
						MOV(0, 5),
						EXIT,
						HELPER,
						EXIT };
	static const struct bpf_insn want[] = { MOV(0, 5), EXIT };

	EXPECT(from, want);
}

/* Its address survives a call on the stack. */
/* It keeps the program on its task's stack. */
static void a_tail_call_that_is_not_reached(void **state)
{
	const struct bpf_insn code[] = {
		MOV(0, 0),
		IF(JEQ, 0, 0, 1),
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		MOV(0, 1),
		EXIT,
	};

	expect(code, ARRAY_SIZE(code), code, ARRAY_SIZE(code));
}

static void a_constant_by_a_spilled_address(void **state)
{
	static const struct bpf_insn from[] = {
		ADDRESS(6, MAP, 0), STORE(10, -8, 6), HELPER, LOAD(DW, 1, 10, -8),
		LOAD(B, 2, 1, 4),   ADD(0, 2),	      EXIT
	};
	static const struct bpf_insn want[] = { HELPER, ADD_NUMBER(0, 0x80), EXIT };

	EXPECT(from, want);
}

/* What two paths disagree on, other maps, and what does not fit an instruction. */
static void what_is_not_known(void **state)
{
	static const struct bpf_insn from[] = { HELPER,
						MOV(2, 1),
						IF(JEQ, 0, 0, 1),
						MOV(2, 2),
						ADDRESS(3, OTHER, 0),
						LOAD(W, 3, 3, 0),
						ADDRESS(4, MAP, 0),
						LOAD(DW, 4, 4, 8),
						ADD(0, 2),
						ADD(0, 3),
						ADD(0, 4),
						EXIT };

	EXPECT(from, from);
}

/* Operands that the verifier accepts in a register only. */
static void numbers_that_stay_in_registers(void **state)
{
	static const struct bpf_insn from[] = {
		HELPER,
		MOV(2, 64),
		{ .code = BPF_ALU64 | BPF_LSH | BPF_X, .dst_reg = 0, .src_reg = 2 },
		MOV(2, 0),
		{ .code = BPF_ALU64 | BPF_DIV | BPF_X, .dst_reg = 0, .src_reg = 2 },
		EXIT
	};

	EXPECT(from, from);
}

/* A product with 1, and a sum with 0, of what is not known. */
static void numbers_that_change_nothing(void **state)
{
	static const struct bpf_insn from[] = {
		HELPER,
		MOV(1, 1),
		{ .code = BPF_ALU | BPF_MUL | BPF_X, .dst_reg = 1, .src_reg = 0 },
		MOV(2, 0),
		ADD(2, 1),
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 0, .src_reg = 2 },
		EXIT
	};
	static const struct bpf_insn want[] = {
		HELPER,
		{ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 0, .src_reg = 2 },
		EXIT
	};

	EXPECT(from, want);
}

/* All registers for arguments count as read. */
static void functions_that_are_not_called(void **state)
{
	static const struct bpf_insn from[] = { ADDRESS(1, MAP, 0),
						LOAD(W, 2, 1, 0),
						IF(JEQ, 2, 1, 1),
						CALL(2),
						CALL(4),
						EXIT,
						HELPER,
						MOV(0, 1),
						EXIT,
						MOV(0, 2),
						EXIT };
	static const struct bpf_insn want[] = { ADDRESS(1, MAP, 0), MOV(2, 1), CALL(1), EXIT,
						MOV(0, 2),	    EXIT };
	struct funcs funcs[] = { { 0, 1 }, { 7, 2 }, { 10, 3 } };
	struct bpf_insn to[MAX];
	uint32_t nfuncs = ARRAY_SIZE(funcs);

	assert_int_equal(pruned(from, ARRAY_SIZE(from), to, funcs, &nfuncs), ARRAY_SIZE(want));
	assert_memory_equal(to, want, sizeof(want));
	assert_int_equal(nfuncs, 2);
	assert_int_equal(funcs[1].first, 5);
	assert_int_equal(funcs[1].type, 3);
}

/* ---- made-up programs ------------------------------------------------------------------------ */

static uint64_t seed;

static uint32_t any(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (seed >> 33) % n;
}

static struct bpf_insn any_alu(void)
{
	static const uint8_t ops[] = { BPF_MOV, BPF_MOV, BPF_ADD, BPF_SUB, BPF_MUL, BPF_AND,
				       BPF_OR,	BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH };
	bool by_reg = any(2);

	return (struct bpf_insn){
		.code = (any(2) ? BPF_ALU64 : BPF_ALU) | ops[any(ARRAY_SIZE(ops))] |
			(by_reg ? BPF_X : BPF_K),
		.dst_reg = any(6),
		.src_reg = by_reg ? any(6) : 0,
		.imm = by_reg ? 0 : (int32_t)any(64) - (int32_t)any(2),
	};
}

static struct bpf_insn any_branch(size_t left)
{
	static const uint8_t ops[] = { BPF_JEQ,	 BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
				       BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET };
	bool by_reg = any(2);

	return (struct bpf_insn){
		.code = (any(2) ? BPF_JMP : BPF_JMP32) | ops[any(ARRAY_SIZE(ops))] |
			(by_reg ? BPF_X : BPF_K),
		.dst_reg = any(6),
		.src_reg = by_reg ? any(6) : 0,
		.imm = by_reg ? 0 : (int32_t)any(4) - 1,
		.off = any(left),
	};
}

/* A program that jumps forward only. r0 to r5 are numbers, r6 is an address of constants. */
static size_t make_up(struct bpf_insn *code, size_t wanted)
{
	static const struct bpf_insn address[] = { ADDRESS(6, MAP, 0) };
	static const uint8_t sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	size_t n = 0;

	memcpy(code, address, sizeof(address));
	for (n = 2; n + 1 < wanted; n++) {
		uint32_t kind = any(8);
		uint8_t size = any(4);

		if (kind < 3)
			code[n] = any_alu();
		else if (kind < 5)
			code[n] = any_branch(wanted - n - 1);
		else if (kind == 5)
			code[n] = (struct bpf_insn){ .code = BPF_STX | BPF_MEM | BPF_DW,
						     .dst_reg = BPF_REG_10,
						     .src_reg = any(6),
						     .off = -8 * (1 + (int)any(4)) };
		else if (kind == 6)
			code[n] = (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_DW,
						     .dst_reg = any(6),
						     .src_reg = BPF_REG_10,
						     .off = -8 * (1 + (int)any(4)) };
		else
			code[n] = (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | sizes[size],
						     .dst_reg = any(6),
						     .src_reg = 6,
						     .off = any(CONSTANT - (1 << size) + 1) };
	}
	code[n++] = (struct bpf_insn)EXIT;
	return n;
}

static uint64_t alu(const struct bpf_insn *i, uint64_t a, uint64_t b)
{
	bool is_64 = BPF_CLASS(i->code) == BPF_ALU64;
	unsigned shift = b & (is_64 ? 63 : 31);
	uint64_t v = 0;

	a = is_64 ? a : (uint32_t)a;
	b = is_64 ? b : (uint32_t)b;
	switch (BPF_OP(i->code)) {
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
		v = a << shift;
		break;
	case BPF_RSH:
		v = a >> shift;
		break;
	case BPF_ARSH:
		v = is_64 ? (uint64_t)((int64_t)a >> shift) : (uint32_t)((int32_t)a >> shift);
		break;
	default:
		fail();
	}
	return is_64 ? v : (uint32_t)v;
}

static bool jumps(const struct bpf_insn *i, uint64_t a, uint64_t b)
{
	bool is_64 = BPF_CLASS(i->code) == BPF_JMP;
	int64_t x = is_64 ? (int64_t)a : (int32_t)a, y = is_64 ? (int64_t)b : (int32_t)b;

	a = is_64 ? a : (uint32_t)a;
	b = is_64 ? b : (uint32_t)b;
	switch (BPF_OP(i->code)) {
	case BPF_JA:
		return true;
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
		return a & b;
	default:
		fail();
	}
	return false;
}

/* r0 when it ends. `given` is what the registers and the stack begin with. */
static uint64_t run(const struct bpf_insn *code, size_t n, const uint64_t *given, size_t *steps)
{
	uint64_t r[11], stack[4];

	memcpy(r, given, sizeof(r));
	memcpy(stack, given + 11, sizeof(stack));
	for (size_t i = 0; i < n; i++) {
		const struct bpf_insn *insn = &code[i];
		uint8_t class = BPF_CLASS(insn->code);
		uint64_t b = BPF_SRC(insn->code) == BPF_X ? r[insn->src_reg]
							  : (uint64_t)(int64_t)insn->imm;

		++*steps;
		if (insn->code == (BPF_JMP | BPF_EXIT))
			return r[0];
		if (class == BPF_ALU || class == BPF_ALU64) {
			r[insn->dst_reg] = alu(insn, r[insn->dst_reg], b);
		} else if (class == BPF_JMP || class == BPF_JMP32) {
			if (jumps(insn, r[insn->dst_reg], b))
				i += insn->off;
		} else if (class == BPF_STX) {
			stack[-insn->off / 8 - 1] = r[insn->src_reg];
		} else if (class == BPF_LDX && insn->src_reg == BPF_REG_10) {
			r[insn->dst_reg] = stack[-insn->off / 8 - 1];
		} else if (class == BPF_LDX) {
			static const size_t sizes[] = { 4, 2, 1, 8 };

			r[insn->dst_reg] = 0;
			memcpy(&r[insn->dst_reg], constants + insn->off,
			       sizes[BPF_SIZE(insn->code) >> 3]);
		} else {
			i++;
		}
	}
	fail();
	return 0;
}

static void made_up_programs_do_the_same(void **state)
{
	size_t before = 0, after = 0;

	for (seed = 1; seed < 20000; seed++) {
		struct bpf_insn from[MAX], to[MAX];
		struct funcs funcs[1] = { { 0, 1 } };
		uint64_t given[15], kept = seed;
		uint32_t nfuncs = 1;
		size_t n = make_up(from, 4 + any(60)), m;

		m = pruned(from, n, to, funcs, &nfuncs);
		assert_true(m <= n);
		for (size_t i = 0; i < ARRAY_SIZE(given); i++)
			given[i] = any(2) ? any(4) : (uint64_t)any(~0U) << any(33);
		assert_int_equal(run(from, n, given, &before), run(to, m, given, &after));
		seed = kept;
	}
	assert_true(after < before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_branch_that_is_ruled_out),
		cmocka_unit_test(a_branch_that_is_not_taken),
		cmocka_unit_test(a_tail_call_that_is_not_reached),
		cmocka_unit_test(a_constant_by_a_spilled_address),
		cmocka_unit_test(what_is_not_known),
		cmocka_unit_test(numbers_that_stay_in_registers),
		cmocka_unit_test(numbers_that_change_nothing),
		cmocka_unit_test(functions_that_are_not_called),
		cmocka_unit_test(made_up_programs_do_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
