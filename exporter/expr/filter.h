/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters select the calls that are counted. expr/expr.h has the grammar. */
#pragma once

#include "expr/scope.h"

/* FILTER_ENTRY is evaluated at entry, the others at return. */
enum filter_type { FILTER_ENTRY, FILTER_DURATION, FILTER_OUTCOME, FILTER_RESULT };

struct filter {
	enum filter_type type;
	struct rp_filter entry;	 /* FILTER_ENTRY */
	uint64_t min_ns, max_ns; /* FILTER_DURATION: min <= d <= max */
	uint32_t outcomes;	 /* FILTER_OUTCOME: the rp_outcome_bits that pass */
	struct rp_test result;	 /* FILTER_RESULT */
};

/* cgroup_root: mount point of cgroup v2 for `cgroup under PATH`; NULL: from mountinfo. 0, or
 * -EINVAL with *why (to be freed, no position). */
int filter__compile(const struct expr_scope *scope, const char *text, const char *cgroup_root,
		    struct filter *out, char **why);
