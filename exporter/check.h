/* SPDX-License-Identifier: GPL-2.0-only */
/* What would be done, for people: --config.check, and the check of --memory.limit. */
#ifndef CHECK_H
#define CHECK_H

#include "attach/attach.h"
#include "object/object.h"
#include "discover/target.h"

/* Targets with mechanism and return kind, what cannot be had and why, memory and series. */
void plan__print(FILE *out, const struct targets *targets, const struct attach *a,
		 const struct object_params *params, const struct memory_plan *memory,
		 uint64_t memory_limit);

/* NULL, or one line to be freed: the plan is so large that it may not be what was meant. */
char *plan__heavy(const struct targets *targets, const struct attach *a,
		  const struct object_params *params, const struct memory_plan *memory,
		  uint64_t memory_limit);

/* ---- check_series.c ---- */

/* Those that there are from the start. */
size_t plan__count_series(const struct targets *targets, const struct attach *a,
			  const struct object_params *p);

/* ---- check.c ---- */

/* NULL, or one line to be freed: the plan does not fit beside `others`, bytes that are taken
 * already; by how much, and what to change. */
char *memory_plan__over_limit(const struct object_params *params, const struct memory_plan *memory,
			      uint64_t others, uint64_t memory_limit);

#endif /* CHECK_H */
