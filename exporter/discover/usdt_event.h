/* SPDX-License-Identifier: GPL-2.0-only */
/* Patterns of USDT probes. */
#pragma once

#include "discover/discovery.h"

/* Claims the USDT probes that the pattern names. -EINVAL with d->claims.error. */
int usdt_event__resolve(struct discovery *d, const struct request *r);
