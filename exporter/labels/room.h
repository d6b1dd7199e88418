/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which label sets make room for new ones (`keep: top`).
 *
 * A target whose sets are all in use, and that has calls without room, lets its smallest quarter go
 * to _other. New sets begin with the size that the largest of those had, as in Space-Saving
 * (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data
 * Streams, ICDT 2005). So a set that becomes large later is not let go at once for being new.
 *
 * The calls of one set that are in _other are at most those of the largest set that was let go, and
 * all that had no room:
 *
 * - When a set takes a slot, at most `lost` of its calls are in _other. When it is let go, those
 * that it has counted are added, and `lost` becomes that sum if it was less.
 * - While a set is away, its next call takes a slot, or has no room.
 */
#pragma once

#include "counts/banks.h"
#include "discover/target.h"
#include "expr/capture.h"

struct label_room;

/* extras: by target id. All are borrowed. */
struct label_room *label_room__new(const struct banks *banks, const struct targets *all,
				   const struct capture_spec *const *extras);
void label_room__free(struct label_room *r); /* NULL is fine */

/* Whether some target lets sets go. */
bool label_room__is_used(const struct label_room *r);
/* A target has a new set in a slot. */
void label_room__enter(struct label_room *r, uint32_t id, uint32_t slot);
/* The set in a slot is let go, for whatever reason. It may still get some calls. */
void label_room__leave(struct label_room *r, uint32_t id, uint32_t slot);
/* The calls of a set that was let go were moved to its target's own cell, which has the calls
 * without room, too. */
void label_room__moved(struct label_room *r, uint32_t id, uint32_t slot, uint64_t calls);
/*
 * Call it for a target whose sets are all in use, with their slots. Orders the slots, the smallest
 * set first, and returns how many of the first are to go: 0 if no call has been without room since
 * the last time.
 */
size_t label_room__choose(struct label_room *r, uint32_t id, uint32_t *slots, size_t n);
/* The most calls that any one set of the target can have in _other. */
uint64_t label_room__lost(struct label_room *r, uint32_t id);
/* Logs once per target that all of its sets are in use. */
void label_room__warn_of_full(struct label_room *r);
