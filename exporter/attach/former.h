/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are replaced while processes run them. A user function then has a former file, which
 * stays attached: its calls and those of the new file are counted together.
 */
#pragma once

#include "discover/target.h"

struct attach;
struct attach_slot;

/* NULL, or why target `id` cannot count in the file of `to`, the same function of another file. */
const char *former__cannot_follow(const struct attach *a, uint32_t id, const struct target *to);
/* Attaches n targets to the files of `to`, which replace theirs. A target that cannot be attached
 * has a new reason. */
void former__follow(struct attach *a, const uint32_t *ids, struct target *const *to, size_t n);
/* How many former files a target has. */
size_t former__count(const struct attach *a, uint32_t id);
/* A function in the former file, not of a selection, with the lowest descriptor above `after`;
 * NULL: none. */
const struct target *former__next(const struct attach *a, int after);
/* Adds a slot for another file of the slot's target, and moves the location at there. It is not
 * attached. */
struct attach_slot *former__add(struct attach *a, const struct attach_slot *slot,
				struct target *at);
/* Adds a slot for a further function of a system call. */
struct attach_slot *former__add_function(struct attach *a, const struct attach_slot *slot,
					 const struct target *function);
/* Frees a slot that is not attached, and no longer in its group. */
void former__drop(struct attach *a, const struct attach_slot *slot);
/* Detaches those for which is_gone() is true. */
void former__detach_if(struct attach *a, bool (*is_gone)(const struct target *t, const void *ctx),
		       const void *ctx);
/* Detaches the functions of a former file. */
void former__detach_file(struct attach *a, const struct opened_file *f);
/* Detaches all former files of a target. */
void former__detach(struct attach *a, uint32_t id);
/* Frees former files that are detached already. */
void former__free(struct attach *a);
