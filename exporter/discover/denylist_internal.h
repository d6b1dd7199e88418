/* SPDX-License-Identifier: GPL-2.0-only */
/* What the lists share; nobody else includes this. */
#ifndef DISCOVER_DENYLIST_INTERNAL_H
#define DISCOVER_DENYLIST_INTERNAL_H

#include "discover/denylist.h"

/* The first row that matches decides; one without a reason is an exception from those below. */
struct denied {
	const char *glob;
	const char *why;
};

const char *denylist__look_up(const struct denied *rows, size_t n, const char *name);

#endif /* DISCOVER_DENYLIST_INTERNAL_H */
