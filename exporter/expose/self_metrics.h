/* SPDX-License-Identifier: GPL-2.0-only */
/* The exporter's own metric families: retprobe_exporter_* and process_*. */
#pragma once

#include "expose/expo.h"
#include "expose/metrics_input.h"

/* Without in->self, leaves out the families that need it. Failure shows in e->out->failed. */
void metrics_self__write(const struct metrics_input *in, struct expo *e);
