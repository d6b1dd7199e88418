/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Label sets in the kernel's slots: the text of their values, and the folding of idle ones into the
 * target's others.
 *
 * Sets that read the same, though their keys differ, are shown in one of them (labels/groups.h),
 * and one that reads like the others in those: the adjustments tells readers so. Each keeps its
 * slot.
 *
 * A set that had no call for its probe's series_ttl is retired: the kernel side forgets its key, so
 * a next call takes a new slot, and late returns count as the target's others. A moment later, when
 * no program can still be counting in it, its counts are moved to the others in the adjustments,
 * and the slot is free. If there is one in use that reads the same, that takes the place of the
 * others: a series stays as long as one of its sets does. Counters in the kernel are never reset.
 * So totals are right at every reading, and neither they nor a series go back.
 *
 * All of this is the attacher's. A server learns the texts by label_slots__write_updates(), and
 * keeps them in a struct label_cache.
 */
#ifndef LABELS_SLOTS_H
#define LABELS_SLOTS_H

#include "object/object.h"
#include "base/buf.h"
#include "labels/cache.h"
#include "counts/snapshot.h"
#include "discover/target.h"

struct label_slots;

/* obj and targets are borrowed. */
struct label_slots *label_slots__new(struct object *obj, const struct targets *targets);
void label_slots__free(struct label_slots *l); /* NULL is fine */

/* Extras by target id, as snapshot__take() wants them. */
const struct capture_spec *const *label_slots__extras(const struct label_slots *l);

/* Names new sets: what they are called after may soon be gone. now: seconds of a clock that does
 * not go back. */
void label_slots__name(struct label_slots *l, double now);
/* That, and retires and folds idle ones. */
void label_slots__update(struct label_slots *l, double now);

/*
 * Appends what was named since the news of `since` (0: all that there is); generation tells readers
 * whose it is. Returns what to ask for the next time.
 */
uint64_t label_slots__write_updates(const struct label_slots *l, uint32_t generation,
				    uint64_t since, struct buf *out);

/* ---- labels/names.c: a value -> its text ---- */

struct label_namer;

/* proc: "/proc" */
struct label_namer *label_namer__new(const char *proc);
void label_namer__free(struct label_namer *n);
/* The value of one label of a set, in UTF-8: bytes that are not are spelt \xNN. To be freed. */
char *label_namer__text(struct label_namer *n, const struct capture_label *label,
			const struct rp_label_key *key);

#endif /* LABELS_SLOTS_H */
