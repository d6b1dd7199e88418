/* SPDX-License-Identifier: GPL-2.0-only */
/* The first labels of every series of a target. */
#pragma once

#include "expose/expo.h"
#include "expose/metrics_input.h"

#define TARGET_LABELS 3 /* the last one has no value if the probe has no name */
void target_labels__set(struct label labels[TARGET_LABELS], const struct target_state *st);

/* The next target from *i on that has counts and passes the filter; NULL at the end. */
const struct target_state *target_labels__next(const struct metrics_input *in, size_t *i);

#define for_each_counted(in, st) \
	for (size_t __i = 0; ((st) = target_labels__next(in, &__i)) != NULL;)
