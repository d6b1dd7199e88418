/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the exits of user functions. */
#pragma once

#include "discover/target.h"

/* Sets exits, unfollowed and followed of user functions that uprobe.ret may probe. mechanism:
 * forced for all probes, or NULL. */
void target_exits__find(struct targets *all, const char *mechanism);
