/* SPDX-License-Identifier: GPL-2.0-only */
/* A filter with alternatives: `comm in [nginx, envoy] || uid == 0`. */
#pragma once

#include "expr/filter.h"

#define FILTER_ALTERNATIVES (RP_ALTERNATIVES - RP_FILTERS) /* leaves room for other filters */

/* One of them must match. All are known at entry, or none is. */
struct alternatives {
	struct filter v[FILTER_ALTERNATIVES];
	size_t n;
};

/* Refuses more than FILTER_ALTERNATIVES in all filters: -EINVAL. */
int alternatives__too_many(char **why);
/* cgroup_root: see filter__compile(). 0, or -EINVAL with *why (to be freed, no position). */
int alternatives__compile(const struct expr_scope *scope, const char *text, const char *cgroup_root,
			  struct alternatives *out, char **why);
