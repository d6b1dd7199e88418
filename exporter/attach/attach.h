/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaches what a plan (attach/plan.h) has decided, and holds the links: struct attach. Mechanisms
 * are in attach/mechanism.h.
 */
#pragma once

#include "attach/mechanism.h"
#include "attach/mechanisms.h"
#include "attach/slot.h"

struct attach;

/* By target id. */
const struct attach_slot *attach__slots(const struct attach *a, size_t *n);
/* What the counts of an attached target cannot account for here; NULL: nothing. */
const char *attach__caveat(const struct attach *a, const struct attach_slot *slot);

/* Attaches the planned targets. Returns how many are attached or paused. Stops early if the process
 * is to end (base/progress.h). */
size_t attach__run(struct attach *a, struct object *obj);
void attach__free(struct attach *a); /* detaches; NULL is fine */

/* What the kernel has switched off (enum switch_bit). From then on, targets that need it are paused
 * instead of attached, with REASON_DISABLED. */
void attach__set_switched_off(struct attach *a, unsigned off);

/* Detaches one target. A link that holds others too keeps running until its last target is
 * detached; the target's counts are then ignored. */
void attach__detach(struct attach *a, uint32_t id);
/* Detaches targets for a while; their counts stay. Targets that share a link with them are attached
 * again without them and go on counting; their calls in between are not counted. */
void attach__pause(struct attach *a, const uint32_t *ids, size_t n);
/* Attaches paused targets again; they go on counting. A target that the kernel refuses stays paused
 * and has a new reason. */
void attach__resume(struct attach *a, const uint32_t *ids, size_t n);

/* Reads what the kernel counts by target. out: zeroed, by target id. */
void attach__count(struct attach *a, struct kernel_counts *out);

/* A mechanism in use, and what the kernel counts of its programs. */
struct attach_program_counts {
	const char *mechanism;
	bool shared;	  /* the kernel counts missed calls for all targets together only */
	bool skips_twice; /* see attach_ops; missed[MISSED_RECURSION] has the skipped runs */
	enum rp_entered entered;
	uint64_t run_ns, runs;
	uint32_t reasons; /* bit r: reason r can be in missed */
	uint64_t missed[MISSED_MAX];
};
/* Run time and runs of a target's programs; other targets may share them. 0 before it was attached.
 */
struct program_counts attach__count_slot(struct attach *a, uint32_t id);
/* Returns how many there are, MECHANISMS at most. */
size_t attach__count_programs(struct attach *a, struct attach_program_counts *out);
