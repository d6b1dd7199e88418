/* SPDX-License-Identifier: GPL-2.0-only */
/* Removes from the code of a program what its constants rule out. */
#pragma once

#include "base/util.h"

struct bpf_insn;

/* A frozen map of constants. */
struct prune_map {
	int fd;
	const void *data;
	size_t size;
};

struct prune_code {
	struct bpf_insn *code;
	size_t n;
	/* The functions in it: records that begin with the index of their first instruction. */
	void *funcs;
	uint32_t nfuncs, func_size;
};

/* Changes the code and the records in place. Leaves them alone if it does not understand them. */
void prune__code(struct prune_code *c, const struct prune_map *maps, size_t nmaps);
