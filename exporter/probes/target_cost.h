/* SPDX-License-Identifier: GPL-2.0-only */
/* What the calls of a target cost. All times are CPU seconds. */
#pragma once

#include "base/util.h"

struct target_cost {
	bool counted;	  /* at the last check; the target has a budget, alone or with others */
	uint64_t calls;	  /* at the last check */
	double spent;	  /* by all calls */
	double recent;	  /* by those between the last two checks */
	double debt;	  /* what it has used beyond its own budget */
	bool timed;	  /* per_run is known */
	uint64_t untimed; /* calls before that */
	double per_run;	  /* of a program */
	uint64_t run_ns, runs; /* of its programs, when that was measured */
};
