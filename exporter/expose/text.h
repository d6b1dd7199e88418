/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "expose/expo.h"

/* The Prometheus text format, version 0.0.4. */
extern const struct expo_format expo_text;
