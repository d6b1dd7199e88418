/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exporter's own metric families: retprobe_exporter_* and process_*, behind those of the probes
 * (metrics.h).
 */
#ifndef METRICS_SELF_H
#define METRICS_SELF_H

#include "metrics.h"

/* Without in->self, only what is known without it. Failure shows in e->out->failed. */
void metrics_self__write(const struct metrics_input *in, struct expo *e);

#endif /* METRICS_SELF_H */
