/* SPDX-License-Identifier: GPL-2.0-only */
/* Content negotiation. */
#pragma once

#include "expose/expo.h"

/* The format to answer this Accept header with (NULL: no header). formats[0] is the default, and
 * the answer if nothing matches. */
const struct expo_format *accept__format(const struct expo_format *const *formats, size_t n,
					 const char *accept);
/* Whether this Accept-Encoding allows gzip (NULL: no). */
bool accept__gzip(const char *accept_encoding);
