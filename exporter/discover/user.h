/* SPDX-License-Identifier: GPL-2.0-only */
/* Patterns of functions of programs and libraries. */
#pragma once

#include "discover/discovery.h"

/* Claims the functions that the pattern names. -EINVAL with d->claims.error. */
int user__resolve(struct discovery *d, const struct request *r);
