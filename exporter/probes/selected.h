/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of selected targets that came or went. */
#pragma once

#include "probes/change.h"

/* Attaches selected targets, those that stay and new ones, in the files that they have now. A
 * target that no file is left for does not stay. */
void selected__update(struct change *ch);
