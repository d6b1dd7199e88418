/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads programs without what their constants rule out. */
#pragma once

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "object/prune.h"

/* The frozen maps of a program: constants of the object, and a capture spec. */
struct constants {
	struct known_map v[2];
	size_t n;
};

struct loadable {
	enum bpf_prog_type type;
	const char *name;
	const struct bpf_insn *code;
	size_t n;
};

/* Both: a descriptor, or a negative errno. */
int load__try(const struct loadable *p, const struct bpf_prog_load_opts *opts,
	      const struct constants *constants);
/* If the kernel refuses the program, logs the verifier's reasons. */
int load__or_log(const struct loadable *p, const struct bpf_prog_load_opts *opts,
		 const struct constants *constants);
/* Whether programs may make numbers addresses to read from (RP_BY_CASTS): since Linux 6.17. */
bool load__has_casts(void);
