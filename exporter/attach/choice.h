/* SPDX-License-Identifier: GPL-2.0-only */
/* Which mechanism a target gets, and why. */
#pragma once

#include "attach/mechanisms.h"
#include "attach/slot.h"

struct attach;

/* Sets slot->ops to the best mechanism after `after` in the order (NULL: of all). If there is none,
 * ->ops is NULL, and the target is refused unless it has a reason already. */
void choice__make(struct attach *a, struct attach_slot *slot, const struct attach_ops *after);

/* Why the slot's mechanism does not support another user function; NULL if it does. */
const char *choice__objection(const struct attach *a, const struct attach_slot *slot,
			      const struct target *t);

/* Whether the kernel has become preemptible since the target's mechanism was chosen, so that its
 * counts are no longer exact. */
bool choice__is_outdated(const struct attach *a, uint32_t id);

/* Prints a line for each mechanism of the target's type, in order: whether it is chosen, and why
 * not. indent: put before each line. */
void choice__explain(const struct attach *a, const struct attach_slot *slot, const char *indent,
		     struct buf *out);
