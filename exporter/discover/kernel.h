/* SPDX-License-Identifier: GPL-2.0-only */
/* Patterns of kernel functions. */
#ifndef DISCOVER_KERNEL_H
#define DISCOVER_KERNEL_H

#include "discover/discovery.h"

/* Claims the functions that the pattern names. -EINVAL with d->claims.error. */
int kernel__resolve(struct discovery *d, const struct request *r);

#endif /* DISCOVER_KERNEL_H */
