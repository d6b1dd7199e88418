/* SPDX-License-Identifier: GPL-2.0-only */
/* Patterns of raw tracepoints. */
#pragma once

#include "discover/discovery.h"

/* Claims the tracepoints that the pattern names. -EINVAL with d->claims.error. */
int raw_event__resolve(struct discovery *d, const struct request *r);
