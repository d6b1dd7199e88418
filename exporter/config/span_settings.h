/* SPDX-License-Identifier: GPL-2.0-only */
/* What a span has in addition to the settings of a probe: its points. */
#pragma once

#include "config/expression.h"

enum span_role { SPAN_BEGIN, SPAN_END, SPAN_CANCEL, SPAN_ROLES };
extern const char *const span_role_names[SPAN_ROLES]; /* "begin", ... */

enum point_kind {
	POINT_TRACEPOINT,
	POINT_RAW_TRACEPOINT,
	POINT_ENTRY,
	POINT_RETURN,
	POINT_USDT,
	POINT_KINDS,
};

struct span_point {
	enum span_role role;
	enum point_kind kind;
	char *event;	/* "block:block_rq_issue", "block_rq_issue"; of others, for messages: as
			 * written */
	char *object;	/* path of the file; NULL: the kernel */
	char *function; /* or the USDT probe, [PROVIDER:]NAME; NULL: a tracepoint */
	struct expression *key; /* as many for each point of a span */
	size_t nkey;
	struct expression *filters;
	size_t nfilters;
	struct source_pos pos;
};

#define SPAN_POINTS_MAX	    8
#define SPAN_PLACES_MAX	    32 /* of all points */
#define MAX_RUNNING_DEFAULT 10000

struct span_settings {
	struct span_point *points; /* begins, then ends, then what cancels */
	size_t npoints;
	struct expression outcome; /* over the ends; text NULL: none */
	enum span_role labels_at;  /* the points that the labels are read at: begins or ends */
	uint32_t max_running;
};

/* The running ones have 2^bits slots; 0: none. See bpf/running.bpf.h. */
uint32_t span_settings__slot_bits(const struct span_settings *s);
bool span_settings__same(const struct span_settings *a, const struct span_settings *b);
void span_settings__free(struct span_settings *s); /* NULL is fine */
