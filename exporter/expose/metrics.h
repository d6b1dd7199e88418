/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot + losses + self -> metric families. expose/metrics.c and expose/self_metrics.c are the
 * only files that spell metric names.
 */
#ifndef EXPOSE_METRICS_H
#define EXPOSE_METRICS_H

#include "counts/shared_missed.h"
#include "expose/expo.h"
#include "counts/snapshot.h"
#include "discover/target.h"

struct self; /* base/self.h */

/* Losses of programs that several targets share, and that the kernel counts for all together. */
struct losses_shared {
	const char *mechanism; /* static */
	uint32_t reasons;      /* as of a target */
	uint64_t missed[MISSED_MAX];
};

/* What is known of a target besides its numbers, under one of its names. */
struct target_state {
	const struct target *target;
	const char *object, *function; /* NULL: the target's first */
	bool again;		       /* another name of the target of the state before */
	bool attached;
	const char *mechanism; /* NULL if it has no numbers */
	const char *caveat;    /* what the mechanism cannot account for here; NULL: nothing */
	size_t former_files;   /* replaced or removed files that programs run, and that count */
	double created;	       /* when it was attached, seconds since the epoch */
	bool has_valve;	       /* it would be detached if it were called too often */
	uint64_t detached[REASON_MAX]; /* times that it was, unasked, by reason */
	/* Its numbers, of a paused one as they were; NULL if it was never attached. */
	const struct snap_target *snap;
	const struct missed_target *losses; /* NULL: none known */
};

/* Everything one exposition is made from; borrowed for the duration of the call. */
struct metrics_input {
	const struct grid *grid, *size_grid;
	const struct target_state *targets;
	size_t ntargets;
	uint32_t hist_words;		    /* of a snap_cell's histograms, each */
	const struct losses_shared *shared; /* losses of programs that targets share */
	size_t nshared;
	const struct self *self; /* NULL: pages/pages.c fills it in */
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

/* The labels that each series begins with. */
const char *metrics__object(const struct target_state *st);
const char *metrics__function(const struct target_state *st);

/* Whether a function is among those that were asked for. */
bool metrics__wants(const struct metrics_input *in, const char *function);

/* Writes every family, in a stable order. Failure shows in e->out->failed. */
void metrics__write(const struct metrics_input *in, struct expo *e);

/* The (outcome, value) labels of a class or a detail under a return kind; NULLs for a class that
 * the kind cannot have. value may be in buf (of at least 24 bytes). */
struct outcome_text {
	const char *outcome, *value;
};
struct outcome_text metrics__class_text(const struct target *t, enum rp_class cls);
struct outcome_text metrics__detail_text(const struct target *t, int64_t value, char *buf,
					 size_t size);

/* How many label sets an attached target with labels may have: max_series, or fewer, where memory
 * for the label sets of all targets is short. */
size_t metrics__label_sets_limit(const struct target_state *st);

/* "recursion", "maxactive", ... */
extern const char *const missed_reason_names[MISSED_MAX];

#endif /* EXPOSE_METRICS_H */
