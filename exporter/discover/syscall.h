/* SPDX-License-Identifier: GPL-2.0-only */
/* Patterns of system calls. */
#ifndef DISCOVER_SYSCALL_H
#define DISCOVER_SYSCALL_H

#include "discover/discovery.h"

/* Claims the functions that the pattern names. -EINVAL with d->claims.error. */
int syscall__resolve(struct discovery *d, const struct request *r);

#endif /* DISCOVER_SYSCALL_H */
