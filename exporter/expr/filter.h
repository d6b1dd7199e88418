/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters select the calls that are counted. expr/expr.h has the grammar. */
#pragma once

#include "expr/scope.h"

/* FILTER_ENTRY is evaluated at entry, the others at return. */
enum filter_type { FILTER_ENTRY, FILTER_DURATION, FILTER_OUTCOME, FILTER_RESULT };

struct filter {
	enum filter_type type;
	bool either_sign;	    /* FILTER_ENTRY: -literal passes, too */
	struct rp_filter entry;	    /* FILTER_ENTRY */
	struct rp_path_layout path; /* of its path() */
	uint64_t min_ns, max_ns;    /* FILTER_DURATION: min <= d <= max */
	uint32_t outcomes;	    /* FILTER_OUTCOME: the rp_outcome_bits that pass */
	struct rp_test result;	    /* FILTER_RESULT */
};

/*
 * Compiles one comparison. cgroup_root: mount point of cgroup v2 for `cgroup under PATH`; NULL:
 * from mountinfo. 0, or -EINVAL with *why (to be freed, no position).
 */
int filter__compile(const struct expr_scope *scope, const char *text, const char *cgroup_root,
		    struct filter *out, char **why);

/* The quote that is open after the character at `at`, if `quote` was open before it; 0: none. An
 * apostrophe within a word opens none. */
char filter__quote(char quote, const char *text, const char *at);
