/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan in words: the output of --config.check, and a warning of large plans. */
#pragma once

#include <stdio.h>

#include "probes/generation.h"

/* Prints the targets with mechanism and return kind, why others cannot be attached, why each
 * mechanism is chosen, memory, and series. */
void check__print(FILE *out, const struct generation *g);

/* NULL, or one line to be freed: the plan is so large that it may be a mistake. */
char *check__heavy(const struct generation *g);
