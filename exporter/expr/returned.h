/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters on what is known when a call returns, for the BPF program. */
#pragma once

#include "expr/condition.h"

struct returned {
	struct rp_returned *out;
	uint32_t nendings;
	bool needs_durations;
};

/* Begins without filters: all calls pass. */
void returned__begin(struct returned *r, struct rp_returned *out);
/* Adds a group of filters that are known at the return. text: for messages. 0, or -EINVAL with *why
 * (to be freed, no position). */
int returned__add(struct returned *r, const struct alternatives *a, const char *text, char **why);
/* After the last one. */
void returned__finish(struct returned *r);
