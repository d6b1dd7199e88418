/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which label sets read the same: sets of one target with different keys (cgroups of one pod,
 * strings that differ where they are cut) may have equal texts, and a series must have its labels
 * alone. Such sets are a group, of which one member, the leader, has the series.
 */
#ifndef LABELS_GROUPS_H
#define LABELS_GROUPS_H

#include "base/util.h"

struct label_groups;

/* For slots below nslots, none of them a member. */
struct label_groups *label_groups__new(uint32_t nslots);
void label_groups__free(struct label_groups *g); /* NULL is fine */

/* A slot, no member yet, joins those of the target that have the same n texts; returns their
 * leader, which is itself if there are none. The texts are borrowed while it is a member. */
uint32_t label_groups__join(struct label_groups *g, uint32_t slot, uint32_t id, char *const *texts,
			    size_t n);
/* Nothing, if it is no member. A leader may only leave as the last. */
void label_groups__leave(struct label_groups *g, uint32_t slot);
/* A member becomes its group's leader. */
void label_groups__lead(struct label_groups *g, uint32_t slot);

/* The members in a ring. From the leader on: by how long they have been members. */
uint32_t label_groups__next(const struct label_groups *g, uint32_t slot);

#endif /* LABELS_GROUPS_H */
