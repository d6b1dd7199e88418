/* SPDX-License-Identifier: GPL-2.0-only */
/* Scans for calls in progress, over all generations: when they run, and what they may cost. */
#pragma once

#include "probes/state.h"

/* One scan, unless it is too soon after the last one. */
void scans__run(struct reconcile *r, double now);
