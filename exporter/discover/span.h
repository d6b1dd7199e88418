/* SPDX-License-Identifier: GPL-2.0-only */
/* Spans of the configuration. */
#pragma once

#include "discover/discovery.h"

/* Claims the span that the pattern names. -EINVAL with d->claims.error. */
int span__resolve(struct discovery *d, const struct request *r);
