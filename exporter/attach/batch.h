/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching one target after the other, or several by one link. */
#pragma once

#include "attach/mechanism.h"
#include "attach/slot.h"

/* For attach_ops.attach: attaches targets that have links of their own by ->attach_one(). */
void batch__attach_each(struct attach_context *c, struct attach_slot **slots, size_t n);

/* Makes one link, or one set of links, for n > 0 targets that can share it. 0 and the slots are
 * attached, or a negative errno and nothing has changed. */
typedef int batch_link(struct attach_context *c, struct attach_slot **slots, size_t n);

/*
 * Attaches targets with as few links as possible: one for each file and capture spec.
 * Refuses the targets that the kernel does not accept. Sorts the slots.
 */
void batch__attach(struct attach_context *c, struct attach_slot **slots, size_t n,
		   batch_link *link);
