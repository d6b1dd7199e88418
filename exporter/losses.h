/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every counter of missed calls, the kernel's and ours, by target and reason.
 *
 * Law 2: calls entered while attached = calls counted + calls missed + calls still running. What a
 * mechanism's return program does not see, only the kernel can know; what it knows differs by
 * mechanism (attach.h: struct kernel_counts) and is brought together with our own tallies here.
 */
#ifndef LOSSES_H
#define LOSSES_H

#include "attach.h"
#include "snapshot.h"

struct losses_target {
	uint32_t reasons; /* bit r: reason r can happen to this target, so it is exported from 0 */
	uint64_t missed[MISSED_MAX];
};

/* Losses of programs that several targets share, and that the kernel counts for all together. */
struct losses_shared {
	const char *mechanism; /* static */
	uint32_t reasons;      /* as of a target */
	uint64_t missed[MISSED_MAX];
};

struct losses_view {
	const struct losses_target *targets; /* by id */
	size_t n;
	const struct losses_shared *shared;
	size_t nshared;
};

/* The attacher updates, and it and processes forked from it see what came of that. */
struct losses;
struct losses *losses__new(struct attach *a, struct bpfobj *obj);
void losses__free(struct losses *l); /* NULL is fine */

/* Reads everything. 0 or a negative errno, of bpf(2) that failed. */
int losses__update(struct losses *l);

struct losses_view losses__view(const struct losses *l);
/* What the kernel counted of the programs. */
size_t losses__programs(const struct losses *l, const struct attach_program_counts **out);

#endif /* LOSSES_H */
