/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls in flight of uprobe.ret: those that will never return. */
#pragma once

#include "base/util.h"

struct object;

/* Removes the calls whose thread or process has ended without a return, and adds their number to
 * unwound, by target id. 0 or a negative errno. */
int object_calls__sweep(struct object *o, uint64_t *unwound);
/* Removes all calls of some targets. of: by target id. */
void object_calls__forget(struct object *o, const bool *of);
