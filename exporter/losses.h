/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every counter of missed calls, the kernel's and ours, by target and reason. (Law 2)
 */
#ifndef LOSSES_H
#define LOSSES_H

#include "snapshot.h"

struct losses_target {
	uint32_t reasons; /* bit r: reason r can happen to this target, so it is exported from 0 */
	uint64_t missed[MISSED_MAX];
};

/* Losses of programs that several targets share, and that the kernel counts for all together. */
struct losses_shared {
	const char *mechanism;
	uint64_t missed; /* MISSED_RECURSION */
};

struct losses_view {
	const struct losses_target *targets; /* by id */
	size_t n;
	const struct losses_shared *shared;
	size_t nshared;
};

#endif /* LOSSES_H */
