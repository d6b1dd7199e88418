/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of user functions that were replaced or removed while processes run them, as an upgrade
 * does. They stay attached and are counted until no process maps them.
 */
#pragma once

#include "probes/change.h"
#include "probes/state.h"

/* Whether w is attached in a file that has been replaced since, and can be counted there too. Then
 * it stays. */
bool replaced__follows(struct change *ch, struct wanted *w);
/* Warns of processes that are no longer counted: a is attached in files that t does not have any
 * more. Its counts restart at 0. */
void replaced__leave(const struct actual *a, const struct target *t);
/* A removed file is there again. */
void replaced__is_back(struct change *ch, struct wanted *w, struct actual *a);
/* Keeps targets in removed files while processes run them. */
void replaced__keep_removed(struct change *ch);
/* Attaches followed targets in their new files. A target whose new file is refused does not stay.
 */
void replaced__follow(struct change *ch);
/* Detaches former files that no process runs any more. Returns whether there were any. */
bool replaced__check(struct reconcile *r);
