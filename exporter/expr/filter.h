/* SPDX-License-Identifier: GPL-2.0-only */
/* A comparison selects the calls that are counted. expr/condition.h has what joins them. */
#pragma once

#include "expr/scope.h"

/* FILTER_ENTRY is evaluated at entry, the others at return. */
enum filter_type { FILTER_ENTRY, FILTER_DURATION, FILTER_OUTCOME, FILTER_RESULT };

struct filter {
	enum filter_type type;
	uint32_t outcomes;	    /* FILTER_OUTCOME: the rp_outcome_bits that pass */
	struct rp_filter entry;	    /* FILTER_ENTRY */
	struct rp_path_layout path; /* of its path() */
	uint64_t min_ns, max_ns;    /* FILTER_DURATION: min <= d <= max */
	struct rp_test result;	    /* FILTER_RESULT */
};

/* Those of one comparison: one, or two of which both must pass, or any. */
struct filters {
	struct filter v[2];
	size_t n;
	bool any;
};

/*
 * Compiles one comparison. negated: calls pass that it does not match. cgroup_root: mount point of
 * cgroup v2 for `cgroup under PATH`; NULL: from mountinfo. 0, or -EINVAL with *why (to be freed, no
 * position).
 */
int filter__compile(const struct expr_scope *scope, const char *text, bool negated,
		    const char *cgroup_root, struct filters *out, char **why);
/* The same for `left in [value]`. */
int filter__compile_in(const struct expr_scope *scope, const char *left, const char *value,
		       bool negated, struct filters *out, char **why);

/* The quote that is open after the character at `at`, if `quote` was open before it; 0: none. An
 * apostrophe within a word opens none. */
char filter__quote(char quote, const char *text, const char *at);
/* Whether a text has an operator that compares. */
bool filter__has_operator(const char *text);
