/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pauses targets that the rate guard finds too busy, and resumes them later. A paused target stays
 * in its generation: its counts are exported unchanged, and continue when it is resumed.
 */
#pragma once

#include "probes/state.h"

/* Pauses targets that are too busy and resumes those whose pause is over. Returns whether there
 * were any. */
bool overload__check(struct reconcile *r, double now);
void overload__resume_all(struct reconcile *r);
