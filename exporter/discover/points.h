/* SPDX-License-Identifier: GPL-2.0-only */
/* The points of spans: where they are, and what they capture there. */
#pragma once

#include "discover/sources.h"
#include "discover/target.h"

/* Finds the places of all points. NULL; or why one of them has none, with *reason. To be freed. */
char *points__find(struct sources *src, const struct span_settings *s, struct target *t,
		   enum target_reason *reason);
/* The captures of the places that were found. As capture__resolve(). */
int points__capture(struct sources *src, const struct probe_settings *s, struct target *t,
		    const struct source_pos **pos, char **why);
