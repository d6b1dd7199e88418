/* SPDX-License-Identifier: GPL-2.0-only */
/* Resolves the labels, filters and observed values of a target. */
#pragma once

#include "discover/sources.h"
#include "discover/target.h"

/* Whether these settings have expressions, so that the parameters of a user function are needed. */
bool capture__needs_parameters(const struct probe_settings *s);
/* Sets t->capture. t->kind must be known. 0; or with *why (to be freed) and *pos (borrowed):
 *   -EINVAL  t does not support the settings
 *   -ENOENT  likewise, by what its file says, or does not say, of its parameters
 */
int capture__resolve(struct sources *src, const struct probe_settings *s, struct target *t,
		     const struct source_pos **pos, char **why);
