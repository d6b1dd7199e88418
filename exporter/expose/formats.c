/* SPDX-License-Identifier: GPL-2.0-only */
#include "expose/formats.h"

#include "expose/openmetrics.h"
#include "expose/protobuf.h"
#include "expose/text.h"

const struct expo_format *const expo_formats[] = {
	&expo_text,
	&expo_openmetrics,
	&expo_protobuf,
};
