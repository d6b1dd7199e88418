/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of jumps that may leave user functions, for files that come after the programs were
 * loaded. Only sources of this folder include it. */
#pragma once

#include "attach/state.h"

/* Whether the table has room for the jumps of t. */
bool jumps__have_room(const struct attach *a, const struct target *t);
/* Enters the jumps of the slot's target, and sets first_exit. 0 or a negative errno. */
int jumps__place(const struct attach *a, struct attach_slot *slot, struct object *obj);
