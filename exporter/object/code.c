/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/code.h"

#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>

#include "bpf/abi.h"

static bool is_spec_marker(const struct bpf_insn *code)
{
	return code[0].code == (BPF_LD | BPF_IMM | BPF_DW) && !code[0].src_reg &&
	       (uint32_t)code[0].imm == (uint32_t)RP_DESC_MARKER &&
	       (uint32_t)code[1].imm == (uint32_t)(RP_DESC_MARKER >> 32);
}

static bool is_result_marker(const struct bpf_insn *code)
{
	return code->code == (BPF_LDX | BPF_MEM | BPF_DW) && code->off == RP_RESULT_MARKER;
}

static bool is_slots_marker(const struct bpf_insn *code)
{
	return (code->code == (BPF_ALU64 | BPF_MOV | BPF_K) ||
		code->code == (BPF_ALU | BPF_MOV | BPF_K)) &&
	       code->imm == RP_SLOTS_MARKER;
}

int code__find_markers(const struct bpf_insn *code, size_t n, struct code_markers *m)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (m->nspecs == CODE_MARKERS_MAX || m->nresults == CODE_MARKERS_MAX ||
		    m->nslots == CODE_MARKERS_MAX)
			return -E2BIG;
		if (is_spec_marker(&code[i]))
			m->spec[m->nspecs++] = i;
		else if (is_result_marker(&code[i]))
			m->result[m->nresults++] = i;
		else if (is_slots_marker(&code[i]))
			m->slots[m->nslots++] = i;
	}
	return m->nspecs ? 0 : -ENOEXEC;
}

/* Kernels such as 6.1 refuse a program that reads the result of a void function. */
static void fill_result(struct bpf_insn *code, const struct program_site *site)
{
	if (site->has_result)
		code->off = site->slots * sizeof(uint64_t);
	else
		*code = (struct bpf_insn){
			.code = BPF_ALU64 | BPF_MOV | BPF_K,
			.dst_reg = code->dst_reg,
		};
}

void code__fill_markers(struct bpf_insn *code, const struct code_markers *m,
			const struct program_site *site)
{
	for (size_t i = 0; i < m->nspecs; i++) {
		code[m->spec[i]].imm = (int32_t)site->spec;
		code[m->spec[i] + 1].imm = (int32_t)(site->spec >> 32);
	}
	for (size_t i = 0; i < m->nresults; i++)
		fill_result(&code[m->result[i]], site);
	for (size_t i = 0; i < m->nslots; i++)
		code[m->slots[i]].imm = site->slots * sizeof(uint64_t);
}

void code__replace_map(struct bpf_insn *code, size_t n, int map, int by)
{
	for (size_t i = 0; i < n; i++)
		if (code[i].code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    code[i].src_reg == BPF_PSEUDO_MAP_FD && code[i].imm == map)
			code[i].imm = by;
}

static int look_up(const struct btf *vmlinux, int32_t number)
{
	switch (number) {
	case RP_KFUNC_SESSION_IS_RETURN:
		return btf__find_by_name_kind(vmlinux, "bpf_session_is_return", BTF_KIND_FUNC);
	case RP_KFUNC_SESSION_COOKIE:
		return btf__find_by_name_kind(vmlinux, "bpf_session_cookie", BTF_KIND_FUNC);
	case RP_KFUNC_RDONLY_CAST:
		return btf__find_by_name_kind(vmlinux, "bpf_rdonly_cast", BTF_KIND_FUNC);
	default:
		return -ENOENT;
	}
}

#define KFUNCS (RP_KFUNC_RDONLY_CAST - RP_KFUNC_SESSION_IS_RETURN + 1)

/* Reading the kernel's BTF takes long, so only for functions that are called. */
static int kfunc_id(int32_t number)
{
	static int ids[KFUNCS]; /* 0: not looked up yet */
	int *id = &ids[number - RP_KFUNC_SESSION_IS_RETURN];
	struct btf *vmlinux;

	if (*id)
		return *id;
	vmlinux = btf__load_vmlinux_btf();
	*id = vmlinux ? look_up(vmlinux, number) : -ENOENT;
	btf__free(vmlinux);
	return *id;
}

int code__resolve_kfuncs(struct bpf_insn *code, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int id;

		if (code[i].code != (BPF_JMP | BPF_CALL) || code[i].src_reg ||
		    code[i].imm < RP_KFUNC_SESSION_IS_RETURN || code[i].imm > RP_KFUNC_RDONLY_CAST)
			continue;
		id = kfunc_id(code[i].imm);
		if (id < 0)
			return -ENOENT;
		code[i].src_reg = BPF_PSEUDO_KFUNC_CALL;
		code[i].imm = id;
	}
	return 0;
}
