/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "expose/expo.h"

/* OpenMetrics 1.0.0. */
extern const struct expo_format expo_openmetrics;
