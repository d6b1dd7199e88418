/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "config/config.h"

/*
 * Parses the command line and the files that it names. Returns 0 and *out (config__free), or
 * -EINVAL and *error, to be freed: one line that says what is wrong, where, and what to do next.
 */
int config__parse(int argc, char *const argv[], struct config **out, char **error);
/*
 * Adds the built-in default set to a config that has is_default_set. There are two presets for it,
 * "default" and "default-syscalls": kernel_probes says whether this kernel can probe its functions.
 * Returns as config__parse().
 */
int config__add_default_set(struct config *c, bool kernel_probes, char **error);
