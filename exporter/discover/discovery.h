/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a discovery. */
#pragma once

#include "discover/claims.h"
#include "discover/exclusions.h"
#include "discover/sources.h"

struct discovery {
	struct sources sources;
	struct claims claims;
	struct exclusions exclusions;
};

/* Functions that a glob matches. */
struct glob_counts {
	size_t taken, denied, ambiguous, excluded;
};

/* Ends a glob: logs how many functions were left out. A glob without functions becomes the target
 * `nothing`, with a reason. Takes ownership of nothing and why_nothing. */
int discovery__finish_glob(struct discovery *d, const struct request *r, struct target *nothing,
			   const struct glob_counts *counts, enum target_reason reason_nothing,
			   char *why_nothing);
