/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a user function is left: its return instructions, and the jumps out of it. The bytes are
 * hostile: nothing else is read, and time and memory are proportional to them.
 */
#pragma once

#include "bpf/abi.h"
#include "base/util.h"

/* A part of a function: the code at an offset of its file. */
struct code_range {
	uint64_t offset;
	const uint8_t *code;
	size_t size;
};

struct exit_site {
	uint64_t offset;    /* in the file */
	bool is_jump;	    /* else a return instruction */
	struct rp_exit how; /* of a jump; its desc is 0 */
};

struct exits {
	struct exit_site *v; /* by offset; to be freed by exits__free() */
	size_t n;
	size_t tails; /* jumps out: calls that end there have no result */
};

#define EXITS_RANGES	RP_EXIT_RANGES
#define EXITS_MAX_CODE	(4 << 20) /* bytes of a function */
#define EXITS_MAX_SITES 4096

/* Why functions of this architecture cannot be analysed; NULL: they can. */
#if defined(__x86_64__) || defined(__aarch64__)
#define EXITS_UNAVAILABLE NULL
#else
#define EXITS_UNAVAILABLE "uprobe.ret is for x86-64 and arm64"
#endif
/*
 * Finds the exits of the function at ranges[0]. Further ranges are its other parts ("f.cold").
 * NULL; or a reason why it cannot be analysed, for messages, with *out empty.
 */
const char *exits__find(const struct code_range *ranges, size_t n, struct exits *out);
void exits__free(struct exits *e);
