/* SPDX-License-Identifier: GPL-2.0-only */
/* Removes from the code of a program what its constants rule out. */
#pragma once

#include "object/known.h"

struct prune_code {
	struct bpf_insn *code;
	size_t n;
	/* The functions in it: records that begin with the index of their first instruction. */
	void *funcs;
	uint32_t nfuncs, func_size;
};

/* Changes the code and the records in place. Leaves them alone if it does not understand them. */
void prune__code(struct prune_code *c, const struct known_map *maps, size_t nmaps);
