/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "expose/expo.h"

/* Delimited protobuf, with classic and native histograms. */
extern const struct expo_format expo_protobuf;
