/* SPDX-License-Identifier: GPL-2.0-only */
/* All formats. */
#ifndef EXPOSE_FORMATS_H
#define EXPOSE_FORMATS_H

#include "expose/expo.h"

/* The first one is the default. */
#define EXPO_FORMATS 3
extern const struct expo_format *const expo_formats[EXPO_FORMATS];

#endif /* EXPOSE_FORMATS_H */
