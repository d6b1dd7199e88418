/* SPDX-License-Identifier: GPL-2.0-only */
/* The families of what calls take (`split`, `counters`), for each series that has them. */
#pragma once

#include "expose/series.h"

void measured_metrics__off_cpu(const struct metrics_input *in, struct series *sr, struct expo *e);
void measured_metrics__counters(const struct metrics_input *in, struct series *sr, struct expo *e);
void measured_metrics__uncounted(const struct metrics_input *in, struct series *sr, struct expo *e);
