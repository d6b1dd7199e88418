/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot + losses + self -> metric families. The only file that spells metric names.
 */
#ifndef METRICS_H
#define METRICS_H

#include "discover.h"
#include "expo.h"
#include "losses.h"
#include "snapshot.h"

struct self; /* self.h */

/* What is known of a target besides its numbers. */
struct target_state {
	const struct target *target;
	bool attached;
	const char *mechanism; /* NULL unless attached */
	const char *caveat;    /* what the mechanism cannot account for here; NULL: nothing */
	double created;	       /* when it was attached, seconds since the epoch */
};

/* Everything one exposition is made from; borrowed for the duration of the call. */
struct metrics_input {
	const struct grid *grid;
	const struct target_state *targets;
	size_t ntargets;
	const struct snapshot *snapshot;  /* by target id */
	const struct losses_view *losses; /* NULL: none known */
	const struct self *self;	  /* NULL: pages.c fills it in */
	uint64_t cell_bytes;
	const struct metrics_bpf_stats *bpf_stats; /* none unless the kernel counts */
	size_t nbpf_stats;
	const char *const *functions; /* `function[]` filter, exact, ORed; NULL: no filter */
	size_t nfunctions;
	void *reading; /* of whoever made this; for giving it back */
};

struct metrics_bpf_stats {
	const char *mechanism; /* each once */
	double run_seconds;
	uint64_t runs;
};

/* Writes every family, in a stable order. Failure shows in e->out->failed. */
void metrics__write(const struct metrics_input *in, struct expo *e);

/* The (outcome, value) labels of a class or a detail under a return kind; NULLs for a class that
 * the kind cannot have. value may be in buf (of at least 24 bytes). */
struct outcome_text {
	const char *outcome, *value;
};
struct outcome_text metrics__class_text(enum rp_kind kind, enum rp_class cls);
struct outcome_text metrics__detail_text(const struct target *t, int64_t value, char *buf,
					 size_t size);

/* "recursion", "maxactive", ... */
extern const char *const missed_reason_names[MISSED_MAX];

#endif /* METRICS_H */
