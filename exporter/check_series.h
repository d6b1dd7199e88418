/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "probes/generation.h"

/* The number of series in the first scrape. */
size_t check_series__count(const struct generation *g);
