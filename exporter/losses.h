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

#include "snapshot.h"

struct attach;

struct losses_target {
	uint32_t reasons; /* bit r: reason r can happen to this target, so it is exported from 0 */
	uint64_t missed[MISSED_MAX];
};

/* Losses of programs that several targets share, and that the kernel counts for all together. */
struct losses_shared {
	const char *mechanism;
	uint64_t missed[MISSED_MAX];
};

struct losses_view {
	const struct losses_target *targets; /* by id */
	size_t n;
	const struct losses_shared *shared;
	size_t nshared;
};

struct losses;
struct losses *losses__new(struct attach *a, const struct bpfobj *obj);
/*
 * Two steps around a snapshot: what the kernel counts is read before the cells are, so that the
 * difference of the two never makes a loss of a call that is just being counted.
 */
void losses__read_kernel(struct losses *l);
/* Valid until the next read. */
struct losses_view losses__complete(struct losses *l, const struct snapshot *s);
/* What the kernel counted of the programs, at the last read. */
struct attach_program_counts;
size_t losses__programs(const struct losses *l, const struct attach_program_counts **out);
void losses__free(struct losses *l);

#endif /* LOSSES_H */
