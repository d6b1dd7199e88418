/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verifier knows the numbers in frozen maps, and removes branches that these rule out. It
 * leaves the loads of such numbers in the program, and what is computed from them. A program with
 * captures would execute dozens of such instructions in each call. So they are removed here, before
 * it is loaded. The kernel also verifies what is left in less time.
 *
 * Constants are followed through registers along the branches that can be taken. A spilled address
 * of a constant is followed through the stack too. Nothing else can be in its slot when the program
 * loads through it, or the verifier would refuse the program.
 */
#include "object/prune.h"

enum fate { UNSEEN, KEPT, DROPPED };

struct prune {
	struct bpf_insn *code;
	size_t n;
	struct known_maps maps;
	bool *begins;	       /* where paths may meet */
	struct known **before; /* of those that are reached */
	size_t *todo, ntodo;
	bool *is_queued;
	uint8_t *fate;	/* enum fate */
	uint16_t *live; /* registers that are read after an instruction */
	bool *spills;	/* an address of a constant */
};

/* Another path reaches instruction i. */
static void reach(struct prune *p, size_t i, const struct known *s)
{
	struct known *before = p->before[i];
	bool changed = !before;

	if (!before) {
		before = p->before[i] = xcalloc(1, sizeof(*before));
		*before = *s;
	} else {
		changed = known__merge(before, s);
	}
	if (changed && !p->is_queued[i]) {
		p->is_queued[i] = true;
		p->todo[p->ntodo++] = i;
	}
}

/* As known__is_taken(). The kernel looks for tail calls, also where they are never reached, so
 * those stay (keep_to_task_stack() in bpf/core.bpf.h). */
static int is_taken(const struct prune *p, const struct known *s, size_t i)
{
	const struct bpf_insn *next = &p->code[i + 1];
	bool guards =
		i + 1 < p->n && is_call(next) && !next->src_reg && next->imm == BPF_FUNC_tail_call;

	return guards ? -1 : known__is_taken(s, &p->code[i]);
}

/* Goes on until the path ends or meets others. */
static void follow(struct prune *p, size_t i)
{
	static const struct known nothing;
	struct known s = *p->before[i];

	for (;;) {
		const struct bpf_insn *insn = &p->code[i];
		size_t function = function_of(p->code, i), next = i + 1 + is_wide(insn);
		int taken = is_jump(insn) ? is_taken(p, &s, i) : 0;

		p->fate[i] = KEPT;
		if (function)
			reach(p, function, &nothing);
		known__step(&s, &p->maps, insn);
		if (taken)
			reach(p, i + 1 + insn->off, &s);
		if (taken == 1 || is_exit(insn))
			return;
		if (p->begins[next]) {
			reach(p, next, &s);
			return;
		}
		i = next;
	}
}

/* ---- what is left of it ---------------------------------------------------------------------- */

static void put_number(struct bpf_insn *i, uint64_t v)
{
	bool is_signed = v == (uint64_t)(int64_t)(int32_t)v;

	if (is_signed || v <= UINT32_MAX)
		*i = (struct bpf_insn){
			.code = (is_signed ? BPF_ALU64 : BPF_ALU) | BPF_MOV | BPF_K,
			.dst_reg = i->dst_reg,
			.imm = (int32_t)v,
		};
}

/* Whether an operation with this number changes nothing. */
static bool is_neutral(uint8_t code, uint64_t v)
{
	switch (BPF_OP(code)) {
	case BPF_ADD:
	case BPF_OR:
	case BPF_XOR:
		return !v;
	case BPF_MUL:
		return v == 1;
	default:
		return false;
	}
}

/* The verifier refuses some operations with a number that it accepts with a register. */
static bool may_be_immediate(const struct bpf_insn *i, uint64_t v, bool is_64)
{
	if (is_64 && v != (uint64_t)(int64_t)(int32_t)v)
		return false;
	if (!is_alu(i))
		return true;
	switch (BPF_OP(i->code)) {
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		return v < (is_64 ? 64 : 32);
	case BPF_DIV:
	case BPF_MOD:
		return false;
	default:
		return true;
	}
}

/* The other operand is known, but not the result. */
static void use_number(struct bpf_insn *i, const struct known *s)
{
	struct value a = i->dst_reg < INSN_REGS ? s->reg[i->dst_reg] : (struct value){};
	struct value b = i->src_reg < INSN_REGS ? s->reg[i->src_reg] : (struct value){};
	bool is_64 = class_of(i) == BPF_ALU64 || class_of(i) == BPF_JMP;

	if (BPF_SRC(i->code) != BPF_X || i->src_reg == BPF_REG_10)
		return;
	if (b.kind == NUMBER && may_be_immediate(i, b.v, is_64)) {
		i->code &= ~BPF_X;
		i->src_reg = 0;
		i->imm = (int32_t)b.v;
	} else if (is_alu(i) && a.kind == NUMBER &&
		   is_neutral(i->code, is_64 ? a.v : (uint32_t)a.v)) {
		i->code = class_of(i) | BPF_MOV | BPF_X;
	}
}

static void rewrite_one(struct prune *p, const struct known *s, size_t at)
{
	struct bpf_insn *i = &p->code[at];
	struct value v = known__result(s, &p->maps, i);
	int taken;

	p->spills[at] = known__spills(s, i);
	if (v.kind == NUMBER)
		put_number(i, v.v);
	else if (is_plain_alu(i) || (is_jump(i) && !is_always(i)))
		use_number(i, s);
	if (!is_jump(i) || is_always(i))
		return;
	taken = is_taken(p, s, at);
	if (taken == 1)
		*i = (struct bpf_insn){ .code = BPF_JMP | BPF_JA, .off = i->off };
	else if (!taken)
		p->fate[at] = DROPPED;
}

static void rewrite(struct prune *p)
{
	for (size_t start = 0; start < p->n; start++) {
		struct known s;
		size_t i = start, next;

		if (!p->before[start])
			continue;
		for (s = *p->before[start]; i < p->n && p->fate[i] != UNSEEN; i = next) {
			struct bpf_insn was = p->code[i];

			next = i + 1 + is_wide(&was);
			rewrite_one(p, &s, i);
			known__step(&s, &p->maps, &p->code[i]);
			if ((is_jump(&was) && is_always(&p->code[i])) || is_exit(&was) ||
			    p->begins[next])
				break;
		}
	}
}

static uint16_t bit(uint8_t reg)
{
	return reg < INSN_REGS ? 1U << reg : 0;
}

static uint16_t reads(const struct bpf_insn *i)
{
	uint16_t src = BPF_SRC(i->code) == BPF_X ? bit(i->src_reg) : 0;

	switch (class_of(i)) {
	case BPF_ALU:
	case BPF_ALU64:
		return src | (BPF_OP(i->code) == BPF_MOV ? 0 : bit(i->dst_reg));
	case BPF_LDX:
		return bit(i->src_reg);
	case BPF_STX:
		return bit(i->src_reg) | bit(i->dst_reg) | (BPF_MODE(i->code) != BPF_MEM);
	case BPF_ST:
		return bit(i->dst_reg);
	case BPF_LD:
		return is_wide(i) ? 0 : (1U << INSN_REGS) - 1;
	default:
		if (is_exit(i))
			return 1;
		if (is_call(i))
			return (1U << (INSN_CALLS + 1)) - 2;
		return is_always(i) ? 0 : src | bit(i->dst_reg);
	}
}

/* The register that it sets and does no more; 0: none. */
static uint16_t only_sets(const struct bpf_insn *i)
{
	bool from_stack = class_of(i) == BPF_LDX && i->src_reg == BPF_REG_10;

	return is_alu(i) || is_wide(i) || from_stack ? bit(i->dst_reg) : 0;
}

static uint16_t sets(const struct bpf_insn *i)
{
	if (class_of(i) == BPF_LDX)
		return bit(i->dst_reg);
	return is_call(i) ? 1 : only_sets(i);
}

static uint16_t live_before(const struct prune *p, size_t i)
{
	uint16_t live = p->live[i];

	return p->fate[i] == DROPPED ? live : (live & ~sets(&p->code[i])) | reads(&p->code[i]);
}

static uint16_t live_after(const struct prune *p, size_t i)
{
	const struct bpf_insn *insn = &p->code[i];
	uint16_t live = 0;

	if (is_exit(insn))
		return 0;
	if (is_jump(insn) && p->fate[i] != DROPPED)
		live = live_before(p, i + 1 + insn->off);
	return is_always(insn) ? live : live | live_before(p, i + 1 + is_wide(insn));
}

static void find_live(struct prune *p)
{
	bool changed = true;

	memset(p->live, 0, p->n * sizeof(*p->live));
	while (changed) {
		changed = false;
		for (size_t i = p->n; i--;) {
			uint16_t live = p->fate[i] == UNSEEN ? 0 : live_after(p, i);

			changed |= live != p->live[i];
			p->live[i] = live;
		}
	}
}

/* Whether a spilled address is read. */
static bool is_filled(const struct prune *p, int off)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->fate[i] == KEPT && class_of(&p->code[i]) == BPF_LDX &&
		    p->code[i].src_reg == BPF_REG_10 && p->code[i].off == off)
			return true;
	return false;
}

static bool drop_unused(struct prune *p)
{
	bool dropped = false;

	find_live(p);
	for (size_t i = 0; i < p->n; i++) {
		uint16_t reg = only_sets(&p->code[i]);

		if (p->fate[i] != KEPT ||
		    (reg ? p->live[i] & reg : !p->spills[i] || is_filled(p, p->code[i].off)))
			continue;
		p->fate[i] = DROPPED;
		dropped = true;
	}
	return dropped;
}

/* ---- closing the gaps ------------------------------------------------------------------------ */

/* A jump to what follows it anyway. */
static bool is_idle(const struct prune *p, size_t i, const size_t *moved)
{
	return is_always(&p->code[i]) && moved[i + 1 + p->code[i].off] == moved[i + 1];
}

static void place(const struct prune *p, size_t *moved)
{
	size_t to = 0;

	for (size_t i = 0; i < p->n; i++) {
		size_t width = is_wide(&p->code[i]) ? 2 : 1;

		moved[i] = to;
		if (p->fate[i] == KEPT)
			to += width;
		if (width == 2)
			moved[++i] = to;
	}
	moved[p->n] = to;
}

static void close_gaps(struct prune *p, const size_t *moved)
{
	for (size_t i = 0; i < p->n; i++) {
		struct bpf_insn *insn = &p->code[i];
		size_t function = function_of(p->code, i), to = moved[i];
		bool pair = is_wide(insn);

		if (p->fate[i] != KEPT) {
			i += pair;
			continue;
		}
		if (is_jump(insn))
			insn->off = (int16_t)(moved[i + 1 + insn->off] - to - 1);
		else if (function)
			insn->imm = (int32_t)(moved[function] - to - 1);
		p->code[to] = *insn;
		if (pair)
			p->code[to + 1] = p->code[++i];
	}
}

static void move_functions(const struct prune *p, struct prune_code *c, const size_t *moved)
{
	char *from = c->funcs, *to = c->funcs;
	uint32_t n = 0, first;

	for (uint32_t i = 0; i < c->nfuncs; i++, from += c->func_size) {
		memcpy(&first, from, sizeof(first));
		if (!p->before[first])
			continue;
		first = moved[first];
		memmove(to, from, c->func_size);
		memcpy(to, &first, sizeof(first));
		to += c->func_size;
		n++;
	}
	c->nfuncs = n;
}

/* False: there is something that this source does not know. */
static bool find_beginnings(struct prune *p)
{
	for (size_t i = 0; i < p->n; i++) {
		size_t function = function_of(p->code, i), to = i + 1 + p->code[i].off;

		if (p->code[i].code == (BPF_JMP32 | BPF_JA) || function >= p->n)
			return false;
		if (function)
			p->begins[function] = true;
		if (is_jump(&p->code[i])) {
			if (to >= p->n)
				return false;
			p->begins[to] = true;
		}
		i += is_wide(&p->code[i]);
	}
	return true;
}

static size_t remove_ruled_out(struct prune *p, struct prune_code *c)
{
	__cleanup_free size_t *moved = xcalloc(p->n + 1, sizeof(*moved));
	static const struct known nothing;
	size_t n;

	reach(p, 0, &nothing);
	while (p->ntodo) {
		size_t i = p->todo[--p->ntodo];

		p->is_queued[i] = false;
		follow(p, i);
	}
	rewrite(p);
	while (drop_unused(p))
		;
	place(p, moved);
	for (size_t i = 0; i < p->n; i++)
		if (p->fate[i] == KEPT && is_idle(p, i, moved))
			p->fate[i] = DROPPED;
	place(p, moved);
	n = moved[p->n];
	move_functions(p, c, moved);
	close_gaps(p, moved);
	return n;
}

void prune__code(struct prune_code *c, const struct known_map *maps, size_t nmaps)
{
	struct prune p = {
		.code = c->code,
		.n = c->n,
		.maps = { maps, nmaps },
		.begins = xcalloc(c->n + 1, sizeof(*p.begins)),
		.before = xcalloc(c->n + 1, sizeof(struct known *)),
		.todo = xcalloc(c->n + 1, sizeof(*p.todo)),
		.is_queued = xcalloc(c->n + 1, sizeof(*p.is_queued)),
		.fate = xcalloc(c->n + 1, sizeof(*p.fate)),
		.live = xcalloc(c->n + 1, sizeof(*p.live)),
		.spills = xcalloc(c->n + 1, sizeof(*p.spills)),
	};

	if (c->n && find_beginnings(&p))
		c->n = remove_ruled_out(&p, c);
	for (size_t i = 0; i < p.n; i++)
		free(p.before[i]);
	free(p.begins);
	free(p.before);
	free(p.todo);
	free(p.is_queued);
	free(p.fate);
	free(p.live);
	free(p.spills);
}
