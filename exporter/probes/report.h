/* SPDX-License-Identifier: GPL-2.0-only */
/* The log lines about a change, and its verdict. */
#pragma once

#include "probes/change.h"
#include "probes/table.h"

/* Logs targets that are not attached, with the reason, and label sets that do not fit. When the
 * machine changed, leaves out what `before` showed already. */
void report__log(const struct change *ch, const struct probe_table *before);
/* Whether the result is acceptable; a fault comes with *error. first: no configuration was in force
 * before. */
enum fault report__judge(const struct change *ch, bool first, char **error);
