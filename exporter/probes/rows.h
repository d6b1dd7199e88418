/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of a new probe table. */
#pragma once

#include "probes/change.h"
#include "probes/table.h"

/* A table with a row for each name of each wanted target. Targets that stay get their current
 * names. Detachment counts continue from `before`. Its generations are not set yet. */
struct probe_table *rows__make(const struct probe_table *before, struct change *ch);
