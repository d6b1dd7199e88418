/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What joins the comparisons of a filter: `comm not in [sh, bash] && (uid == 0 || fd > 2)`. The BPF
 * program wants groups, of each of which one filter passes, so all filters are brought to that
 * form.
 */
#pragma once

#include "expr/filter.h"

/* How many filters a probe can have in groups of alternatives. That leaves room for others. */
#define FILTER_ALTERNATIVES (RP_ALTERNATIVES - RP_FILTERS)
#define CONDITION_FILTERS   32

/* A filter passes if each group does. */
struct condition {
	struct filter filter[CONDITION_FILTERS];
	size_t nfilters;
	uint32_t group[CONDITION_FILTERS]; /* bits: filters of which one must pass */
	size_t ngroups;
};

/* The filters of a group. All are known at entry, or none is. */
struct alternatives {
	struct filter v[CONDITION_FILTERS];
	size_t n;
};

/* cgroup_root: see filter__compile(). 0, or -EINVAL with *why (to be freed, no position). */
int condition__compile(const struct expr_scope *scope, const char *text, const char *cgroup_root,
		       struct condition *out, char **why);
void condition__group(const struct condition *c, size_t i, struct alternatives *out);
/* Refuses more than a probe can have in all of its filters: -EINVAL. */
int condition__too_many(char **why);
