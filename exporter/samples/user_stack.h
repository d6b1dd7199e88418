/* SPDX-License-Identifier: GPL-2.0-only */
/* The user stack of a sampled call in words. */
#pragma once

#include "samples/modules.h"

/* Looking functions up takes time. Zeroed, except for until. */
struct look_ups {
	double until; /* monotonic seconds: read no more files then */
	const char *proc;
};

/* A line for each frame, the innermost first; to be freed. NULL: none. */
char *user_stack__spell(struct modules *m, const struct user_frame *v, size_t n,
			const struct look_ups *how);
