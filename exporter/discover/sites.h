/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two probes at one place would count each other's calls. The files of selections overlap with each
 * other and with files that are named by their path, so this leaves each place to one target.
 */
#pragma once

#include "discover/target.h"

/* Leaves each place of user functions to the first target that has it, those without a selection
 * before others. A target without a place left is refused; one that is another name of a function
 * of the same list becomes that, and v[i] is NULL. */
void sites__settle(struct target **v, size_t n);
