/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a function of a program is left: its return instructions, and the jumps that lead out of
 * it. Works on bytes that whoever owns the file has chosen: it reads nothing else, and takes time
 * and memory in proportion to them.
 */
#ifndef ELF_EXITS_H
#define ELF_EXITS_H

#include "bpf/abi.h"
#include "base/util.h"

/* Code that is there, at an offset in its file. */
struct code_range {
	uint64_t offset;
	const uint8_t *code;
	size_t size;
};

struct exit_site {
	uint64_t offset;    /* in the file */
	bool is_jump;	    /* else a return instruction */
	struct rp_exit how; /* of a jump; its spec is 0 */
};

struct exits {
	struct exit_site *v; /* by offset; to be freed by exits__free() */
	size_t n;
	size_t tails; /* jumps that lead out, whose calls' results are not known */
};

#define EXITS_RANGES	RP_EXIT_RANGES
#define EXITS_MAX_CODE	(4 << 20) /* bytes of a function */
#define EXITS_MAX_SITES 4096

/* Whether functions of this machine can be followed; else a reason. */
const char *exits__unavailable(void);
/*
 * Finds the exits of the function at ranges[0], whose other parts ("f.cold") are the ranges behind.
 * NULL; or a reason, for people, why it cannot be followed: then there is nothing in *out.
 */
const char *exits__find(const struct code_range *ranges, size_t n, struct exits *out);
void exits__free(struct exits *e);

#endif /* ELF_EXITS_H */
