/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXPOSE_PROTOBUF_H
#define EXPOSE_PROTOBUF_H

#include "expose/expo.h"

/* Delimited protobuf, with classic and native histograms. */
extern const struct expo_format expo_protobuf;

#endif /* EXPOSE_PROTOBUF_H */
