/* SPDX-License-Identifier: GPL-2.0-only */
/* Patterns of kernel functions. */
#pragma once

#include "discover/discovery.h"

/* Claims the functions that the pattern names. -EINVAL with d->claims.error. */
int kernel__resolve(struct discovery *d, const struct request *r);
