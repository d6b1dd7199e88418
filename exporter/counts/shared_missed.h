/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What servers are told of calls that were missed, and of what programs cost: the attacher reckons
 * it (probes/missed.h), and puts a copy into memory that servers can only read. There are no
 * pointers in it, and mechanisms are numbers.
 */
#ifndef COUNTS_SHARED_MISSED_H
#define COUNTS_SHARED_MISSED_H

#include "base/util.h"

/* Calls that are in no other number. Names are in expose/metrics.c. */
enum missed_reason {
	MISSED_RECURSION, /* the kernel did not run a program of ours: another was running */
	MISSED_MAXACTIVE, /* the kernel had no free return slot */
	MISSED_NO_ENTRY,  /* the return was seen, the entry was not, or had no memory for its frame
			   */
	MISSED_DEPTH,	  /* nested deeper than the kernel sees returns (user functions) */
	MISSED_UNWOUND,	  /* left by an exception, longjmp or the end of its thread: no return */
	MISSED_TRAPPED,	  /* a system call that a filter answered with a signal: no result */
	MISSED_MAX,
};

#define MISSED_MECHANISMS 16

struct missed_target {
	uint64_t reasons; /* bit r: reason r can happen to this target, so it is exported from 0 */
	uint64_t missed[MISSED_MAX];
};

/* The programs of a mechanism. */
struct missed_program {
	uint64_t shared;  /* 1: several targets have them, and the kernel counts for all together */
	uint64_t reasons; /* then, as of a target */
	uint64_t missed[MISSED_MAX];
	uint64_t run_ns, runs; /* 0 unless the kernel counts them */
};

struct shared_missed {
	struct missed_program programs[MISSED_MECHANISMS]; /* by shared_missed__mechanism() */
	struct missed_target targets[];			   /* by id */
};

size_t shared_missed__size(size_t ntargets);
/* The place of a mechanism, by its name in the configuration, and the name. */
uint32_t shared_missed__mechanism(const char *name);
const char *shared_missed__name(uint32_t mechanism);
/* Adds the one's counts to the other's, for all mechanisms. */
void shared_missed__add_programs(struct missed_program *sums,
				 const struct missed_program *programs);

#endif /* COUNTS_SHARED_MISSED_H */
