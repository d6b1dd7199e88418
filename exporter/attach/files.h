/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of selected targets (files/selection.h), which come and go. A function is attached in each
 * of its files, with one id, so all of them count into the same cells. The slot of the target has
 * one of the files; the others have slots of their own, as former files do (attach/former.h).
 *
 * One mechanism counts a target, as each accounts for missed calls in its own way.
 */
#pragma once

#include "discover/target.h"

struct attach;

/* Attaches n targets in the files of `to` that are new, and detaches them from those that `to` has
 * no more. Takes the locations out of `to`. Sets left_out of each target, in addition to that of
 * `to`. A target that cannot be attached in any file has a new reason. */
void files__update(struct attach *a, const uint32_t *ids, struct target *const *to, size_t n);
/* The i-th file of a target that is attached; NULL: there are no more. */
const struct target *files__at(const struct attach *a, uint32_t id, size_t i);
