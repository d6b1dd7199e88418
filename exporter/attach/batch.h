/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching by links that hold several functions. */
#pragma once

#include "attach/mechanism.h"
#include "attach/slot.h"

/* Makes one link, or one set of links, for n > 0 targets that can share it. 0 and the slots are
 * attached, or a negative errno and nothing has changed. how: what batch__attach() was given. */
typedef int batch_link(struct attach_context *c, struct attach_slot **slots, size_t n,
		       const void *how);

/*
 * Attaches targets with as few links as possible: one for each file, with and without captures.
 * Refuses the targets that the kernel does not accept. Sorts the slots.
 */
void batch__attach(struct attach_context *c, struct attach_slot **slots, size_t n, batch_link *link,
		   const void *how);
