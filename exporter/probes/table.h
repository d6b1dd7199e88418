/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The probe table: every name of every target of the configuration, in its order, with the
 * generation that counts it or the reason why none does. A server gets one table and never sees
 * another.
 */
#pragma once

#include "probes/generation.h"
#include "probes/target_state.h"

/* One name of a target. The names of a target are adjacent. */
struct probe_row {
	struct target_state state;     /* without counts; the table owns the names */
	struct generation *generation; /* has the counts; NULL: none */
	uint64_t max_rate;	       /* calls per second; 0: no limit */
	bool own_rate;		       /* max_rate is set by the user */
	double max_cpu;		       /* share of all CPUs; 0: no limit */
};

struct probe_table {
	struct probe_row *rows;
	size_t n;
	struct probe_row **by_name;
	struct generation **generations; /* borrowed */
	size_t ngenerations;
	struct target **described; /* owned copies of targets that no generation has */
	size_t ndescribed;
	/* Counts of former generations, so that totals never decrease. */
	struct missed_program gone[MISSED_MECHANISMS];
	uint64_t cell_bytes;
};

/* With n empty rows. Totals continue from `before`. */
struct probe_table *probe_table__new(const struct probe_table *before, size_t n);
void probe_table__free(struct probe_table *table); /* NULL is fine */

/* A copy of a target that is not attached; the table owns it. */
const struct target *probe_table__describe(struct probe_table *table, const struct target *t);
/* Call it once the rows are filled, before probe_table__find(). */
void probe_table__index(struct probe_table *table);
/* NULL: no row has the name. */
const struct probe_row *probe_table__find(const struct probe_table *table, enum target_type type,
					  const struct target_name *name);
/* The row of the first of t's names that has one; NULL: none. */
const struct probe_row *probe_table__find_any(const struct probe_table *table,
					      const struct target *t);
/* Counts an automatic detachment of t for all its names. REASON_NONE: for each name by its current
 * reason, unless it is attached now. */
void probe_table__count_detached(struct probe_table *table, const struct target *t,
				 enum target_reason reason);
/* Whether both tables show the same. */
bool probe_table__same(const struct probe_table *a, const struct probe_table *b);
size_t probe_table__count_attached(const struct probe_table *table);
/* Keeps the counts of a generation's programs. Call it before the generation is freed. */
void probe_table__keep_totals(struct probe_table *table, struct generation *g);
void probe_table__set_generations(struct probe_table *table, struct generation *const *generations,
				  size_t n);
