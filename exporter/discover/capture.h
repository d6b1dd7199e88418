/* SPDX-License-Identifier: GPL-2.0-only */
/* Resolves the labels, filters and observed values of a target. */
#pragma once

#include "discover/sources.h"
#include "discover/target.h"

/* Sets t->capture. t->kind must be known. 0, or -EINVAL with *why (to be freed) and *pos
 * (borrowed): t does not support the settings. */
int capture__resolve(struct sources *src, const struct probe_settings *s, struct target *t,
		     const struct source_pos **pos, char **why);
