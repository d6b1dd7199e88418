/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resolves the configuration to targets. Only reads: it changes nothing, and needs no privileges
 * (without them, kernel addresses are 0).
 */
#pragma once

#include "config/config.h"
#include "discover/env.h"
#include "discover/target.h"

/*
 * Resolves every pattern of the configuration. A pattern without a match becomes a target with a
 * reason, so that it is exported. 0 with *out (targets__free() it), or -EINVAL with *error (one
 * line, to be freed): two exact names claim one function with different settings; or the settings
 * do not suit the type of an exact name, or of any function of a glob (but see lenient).
 */
int discover__run(const struct config *c, const struct discover_env *env, struct targets **out,
		  char **error);
