/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is served until something changes: every name of every target of the configuration, in its
 * order, with the generation that counts it or the reason why none does. A server is given one and
 * never sees another.
 */
#ifndef PROBES_TABLE_H
#define PROBES_TABLE_H

#include "probes/generation.h"
#include "expose/metrics.h"

/* One name of a target; those of one target follow one another. */
struct view_row {
	struct target_state state;     /* but for its numbers; the names are the view's */
	struct generation *generation; /* that has its numbers; NULL: there are none */
	uint64_t max_rate;	       /* calls per second; 0: no limit */
	bool own_rate;		       /* that is the user's, not the default */
};

struct view {
	struct view_row *rows;
	size_t n;
	struct view_row **by_name;
	struct generation **generations; /* borrowed */
	size_t ngenerations;
	struct target **described; /* targets that no generation has */
	size_t ndescribed;
	/* Of generations that are no more, for counters that must not go back. */
	struct missed_program gone[MISSED_MECHANISMS];
	uint64_t cell_bytes;
};

/* Of n rows, to be filled. Totals go on from `before`. */
struct view *view__new(const struct view *before, size_t n);
void view__free(struct view *v); /* NULL is fine */

/* A copy, the view's, of what is known of a target that is not attached. */
const struct target *view__describe(struct view *v, const struct target *t);
/* Once the rows are filled: makes them known to view__find(). */
void view__index(struct view *v);
/* NULL: there is none of that name. */
const struct view_row *view__find(const struct view *v, enum target_type type,
				  const struct target_name *name);
/* Of the first of t's names that there is a row of; NULL: none. */
const struct view_row *view__find_any(const struct view *v, const struct target *t);
/* Counts that t was detached unasked, for all its names. REASON_NONE: each for the reason that it
 * has now, unless it is attached to something else. */
void view__count_detached(struct view *v, const struct target *t, enum target_reason reason);
/* Do they show the same? */
bool view__same(const struct view *a, const struct view *b);
size_t view__count_attached(const struct view *v);
/* What was counted of a generation's programs, and not of its targets, before it is freed. */
void view__keep_totals(struct view *v, struct generation *g);
void view__set_generations(struct view *v, struct generation *const *generations, size_t n);

#endif /* PROBES_TABLE_H */
