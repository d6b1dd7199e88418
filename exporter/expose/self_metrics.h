/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exporter's own metric families: retprobe_exporter_* and process_*, behind those of the probes
 * (expose/metrics.h).
 */
#ifndef EXPOSE_SELF_METRICS_H
#define EXPOSE_SELF_METRICS_H

#include "expose/metrics.h"

/* Without in->self, only what is known without it. Failure shows in e->out->failed. */
void metrics_self__write(const struct metrics_input *in, struct expo *e);

#endif /* EXPOSE_SELF_METRICS_H */
