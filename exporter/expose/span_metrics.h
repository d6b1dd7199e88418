/* SPDX-License-Identifier: GPL-2.0-only */
/* The metric families of spans: retprobe_span_*. */
#pragma once

#include "expose/expo.h"
#include "expose/metrics_input.h"

/* Failure shows in e->out->failed. */
void metrics_span__write(const struct metrics_input *in, struct expo *e);
