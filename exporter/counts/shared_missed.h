/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Missed calls and costs, for servers. The attacher calculates them
 * (probes/missed.h) and copies them into memory that servers can only read. So there are no
 * pointers in it, and mechanisms are numbers.
 */
#pragma once

#include "base/util.h"
#include "counts/missed_reason.h"

#define MISSED_MECHANISMS 16
/* Behind the mechanisms: the programs for answered system calls (attach/answers.h). */
#define MISSED_ANSWERED (MISSED_MECHANISMS - 1)

struct missed_target {
	uint64_t reasons; /* bit r: reason r can happen to this target, and is exported from 0 */
	uint64_t missed[MISSED_MAX];
	uint64_t overhead_ns; /* CPU time of its calls, estimated; 0 without a budget */
	uint64_t other_most;  /* calls of one label set in _other, at most; with keep: top */
	uint64_t sets_needed; /* label sets, approximately; 0: those in use are enough */
};

/* The programs of a mechanism. */
struct missed_program {
	uint64_t shared;  /* 1: targets share them, and the kernel counts for all together */
	uint64_t reasons; /* of shared counts, as in missed_target */
	uint64_t missed[MISSED_MAX];
	uint64_t run_ns, runs; /* 0 unless kernel.bpf_stats_enabled is on */
};

struct shared_missed {
	struct missed_program programs[MISSED_MECHANISMS]; /* by shared_missed__mechanism() */
	struct missed_target targets[];			   /* by id */
};

size_t shared_missed__size(size_t ntargets);
/* The number of a mechanism, by its name in the configuration. */
uint32_t shared_missed__mechanism(const char *name);
/* The reverse. */
const char *shared_missed__name(uint32_t mechanism);
/* Adds programs to sums, for all mechanisms. */
void shared_missed__add_programs(struct missed_program *sums,
				 const struct missed_program *programs);
