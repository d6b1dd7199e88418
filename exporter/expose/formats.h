/* SPDX-License-Identifier: GPL-2.0-only */
/* All formats. */
#pragma once

#include "expose/expo.h"

/* The first one is the default. */
#define EXPO_FORMATS 3
extern const struct expo_format *const expo_formats[EXPO_FORMATS];
