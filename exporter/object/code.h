/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs by kernel and target in the code of a program. Filled in before it is loaded. */
#pragma once

#include "base/util.h"

struct bpf_insn;
struct capture_spec; /* expr/capture.h */

/* What a program needs to know about the function that it is attached to. */
struct program_site {
	uint64_t spec;
	const char *module; /* kernel functions: "vmlinux" or a module's name */
	const char *symbol;
	uint32_t btf_id; /* tracing programs: in the module's BTF */
	uint8_t slots;	 /* tracing programs: words of arguments; the result follows */
	bool has_result; /* it is not void */
	const struct capture_spec *capture; /* NULL: it has none */
	int spans, span_slots;		    /* the maps of a span's running ones; 0: it has none */
};

/* Where a template has markers, by index of instruction. */
#define CODE_MARKERS_MAX 64
struct code_markers {
	size_t nspecs, nresults, nslots;
	size_t spec[CODE_MARKERS_MAX], result[CODE_MARKERS_MAX], slots[CODE_MARKERS_MAX];
};

/* 0; -E2BIG: too many; -ENOEXEC: none. */
int code__find_markers(const struct bpf_insn *code, size_t n, struct code_markers *m);
/* Puts the site's numbers in place of the markers. */
void code__fill_markers(struct bpf_insn *code, const struct code_markers *m,
			const struct program_site *site);
/* Puts another map in place of one; both are descriptors. */
void code__replace_map(struct bpf_insn *code, size_t n, int map, int by);
/*
 * Kernel functions whose signature depends on the kernel are compiled as calls of made-up helpers.
 * Makes them calls by BTF id. 0, or -ENOENT if this kernel lacks one.
 */
int code__resolve_kfuncs(struct bpf_insn *code, size_t n);
