/* SPDX-License-Identifier: GPL-2.0-only */
/* The running ones of a span. */
#pragma once

#include "attach/slot.h"

struct object;

/* How many of an attached span are running, and when the oldest began (ns; 0: none). 0, or a
 * negative errno: the kernel cannot walk through them. */
int span__scan(const struct attach_slot *slot, struct object *obj, uint64_t *running,
	       uint64_t *oldest);
