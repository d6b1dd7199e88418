/* SPDX-License-Identifier: GPL-2.0-only */
/* The metric families of the probes themselves: retprobe_probe_*. */
#pragma once

#include "expose/expo.h"
#include "expose/metrics_input.h"

/* Failure shows in e->out->failed. */
void metrics_probe__write(const struct metrics_input *in, struct expo *e);
