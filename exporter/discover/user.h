/* SPDX-License-Identifier: GPL-2.0-only */
/* Patterns of functions of programs and libraries. */
#ifndef DISCOVER_USER_H
#define DISCOVER_USER_H

#include "discover/discovery.h"

/* Claims the functions that the pattern names. -EINVAL with d->claims.error. */
int user__resolve(struct discovery *d, const struct request *r);

#endif /* DISCOVER_USER_H */
