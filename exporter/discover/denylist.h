/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy as data: what we do not probe although the kernel might let us, and why. */
#ifndef DISCOVER_DENYLIST_H
#define DISCOVER_DENYLIST_H

#include "base/util.h"

/* Why a return probe on this function is refused ("it never returns"), or NULL if it is not. */
const char *denylist__kernel(const char *function);
const char *denylist__syscall(const char *name);
/* Of programs and libraries: why no probe is set on it, whatever the mechanism. */
const char *denylist__user(const char *function);

#endif /* DISCOVER_DENYLIST_H */
