/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPOSE_OPENMETRICS_H
#define EXPOSE_OPENMETRICS_H

#include "expose/expo.h"

/* OpenMetrics 1.0.0. */
extern const struct expo_format expo_openmetrics;

#endif /* EXPOSE_OPENMETRICS_H */
