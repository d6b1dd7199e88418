/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Label sets in the kernel's slots: finds the text of new sets, and folds idle sets into _other.
 *
 * Sets with the same text, though with different keys, are one series (labels/groups.h); a set
 * whose text is _other belongs to the series of _other. Adjustments tell readers (alias). Each set
 * keeps its slot.
 *
 * A set without a call for series_ttl is retired, and so are the smallest ones when a probe with
 * `keep: top` needs room (labels/room.h): programs forget its key, so a later call takes a
 * new slot, and late returns count as _other. A moment later, when no program can still be counting
 * in it, its counts move to _other and the slot is free. If another set with the same text is in
 * use, they move there instead, so a series stays as long as one of its sets. Counters in the
 * kernel are never reset. So totals are always right, and no series goes back.
 *
 * This is done by the attacher. A server receives the texts through label_slots__write_updates(),
 * and keeps them in a struct label_cache.
 */
#pragma once

#include "object/object.h"
#include "base/buf.h"
#include "discover/target.h"

struct label_slots;

/* obj and targets are borrowed. */
struct label_slots *label_slots__new(struct object *obj, const struct targets *targets);
void label_slots__free(struct label_slots *l); /* NULL is fine */

/* Finds the text of new sets. Call it often: a cgroup may soon be gone. now: seconds of a monotonic
 * clock. */
void label_slots__name(struct label_slots *l, double now);
/* The same, and retires and folds sets. */
void label_slots__update(struct label_slots *l, double now);
/* The most calls that any one set of a target can have in _other. */
uint64_t label_slots__lost(struct label_slots *l, uint32_t id);

/* How many sets a target would need, approximately (labels/needed.h). 0: those in use. */
uint64_t label_slots__needed(const struct label_slots *l, uint32_t id);

/* The texts of the set that counts in a cell, as many as its target has labels; valid until the
 * next call of a function above. NULL: the cell counts the calls without one. */
const char *const *label_slots__texts(struct label_slots *l, uint32_t cell, double now);

/* Appends the texts of the sets that are new since update `since` (0: of all sets). Returns the
 * number to pass next time. */
uint64_t label_slots__write_updates(const struct label_slots *l, uint32_t generation,
				    uint64_t since, struct buf *out);
