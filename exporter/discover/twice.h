/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that several probes have, each with another name. */
#pragma once

#include "discover/target.h"

/* Marks the later targets of a kernel function, and refuses those of a system call: its programs
 * find one target by its number. Of v, some may be NULL. */
void twice__settle(struct target **v, size_t n);
