/* SPDX-License-Identifier: GPL-2.0-only */
/* Compares wanted targets with attached ones: which stay, and which are new. */
#pragma once

#include "probes/change.h"
#include "probes/state.h"

/* Makes all the wanted targets of ch. Takes ownership of all. */
void compare__want(struct change *ch, struct targets *all);
/* Decides which attached targets stay, and collects the new ones in ch->fresh. */
void compare__run(struct change *ch, struct reconcile *r);
/* Instead of the two above: the same targets, of which some may be paused now. */
void compare__keep(struct change *ch, const struct reconcile *r);
/* Likewise: nothing is new, and everything is detached. */
void compare__drop(struct change *ch, const struct reconcile *r);
