/* SPDX-License-Identifier: GPL-2.0-only */
/* The stack of a sampled call in words. */
#pragma once

#include "kernel/ksym_names.h"

/* A line for each frame, the innermost first, without those of the probe itself: to be freed. NULL:
 * none. */
char *stack__spell(const struct ksym_names *k, const uint64_t *addrs, size_t n);
