/* SPDX-License-Identifier: GPL-2.0-only */
/* What a span has in addition to the settings of a probe: its points. */
#pragma once

#include "config/expression.h"

enum span_role { SPAN_BEGIN, SPAN_END, SPAN_CANCEL, SPAN_ROLES };
extern const char *const span_role_names[SPAN_ROLES]; /* "begin", ... */

struct span_point {
	enum span_role role;
	char *event;		/* "block:block_rq_issue"; NULL: the entry of a function */
	char *function;		/* of the kernel; NULL: see event */
	struct expression *key; /* as many for each point of a span */
	size_t nkey;
	struct expression *filters;
	size_t nfilters;
	struct source_pos pos;
};

#define SPAN_POINTS_MAX	    8
#define MAX_RUNNING_DEFAULT 10000

struct span_settings {
	struct span_point *points; /* begins, then ends, then what cancels */
	size_t npoints;
	struct expression outcome; /* over the ends; text NULL: none */
	uint32_t max_running;
};

bool span_settings__same(const struct span_settings *a, const struct span_settings *b);
void span_settings__free(struct span_settings *s); /* NULL is fine */
