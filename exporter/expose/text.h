/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPOSE_TEXT_H
#define EXPOSE_TEXT_H

#include "expose/expo.h"

/* The Prometheus text format, version 0.0.4. */
extern const struct expo_format expo_text;

#endif /* EXPOSE_TEXT_H */
