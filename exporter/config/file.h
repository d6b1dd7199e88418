/* SPDX-License-Identifier: GPL-2.0-only */
/* The schema of the configuration file. */
#pragma once

#include "config/loader.h"

/* Adds the content of a configuration file, or of a preset, which may have `probes:` only. file is
 * its name for messages. 0, or -EINVAL and *error. */
int config_file__load(struct loader *l, const char *file, const char *text, size_t len, bool preset,
		      char **error);

/* Where a key of a configuration file belongs, as in "in histograms:"; NULL: no such key. */
const char *config_file__home_of(const char *key);
