/* SPDX-License-Identifier: GPL-2.0-only */
/* An expression of the configuration: its text, not yet parsed. */
#pragma once

#include "base/source_pos.h"

/* A label, a filter, an observed value, or a part of a key. */
struct expression {
	char *name; /* of the label or the observed value; NULL for others */
	char *text; /* for a named label (comm, pid, cgroup, ...) the same as its name */
	struct source_pos pos;
};

void expression__free_all(struct expression *v, size_t n); /* and v */
/* Whether both lists ask for the same. */
bool expression__same_all(const struct expression *a, size_t na, const struct expression *b,
			  size_t nb);
