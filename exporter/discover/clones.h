/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds clones of probed functions whose calls are not counted. */
#pragma once

#include "discover/discovery.h"

/* Sets `uncounted` of targets that have clones which no probe counts. */
void clones__describe(struct discovery *d);
