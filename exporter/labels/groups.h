/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Groups of label sets with the same text. Sets of one target with different keys can have equal
 * texts, such as the cgroups of one pod, and a series must be unique. So one member of each group,
 * its leader, has the series.
 */
#pragma once

#include "base/util.h"

struct label_groups;

/* For slots below nslots, without any members. */
struct label_groups *label_groups__new(uint32_t nslots);
void label_groups__free(struct label_groups *g); /* NULL is fine */

/* Adds a slot to the group of its target with the same n texts. Returns the leader, which is the
 * slot itself in a new group. The texts are borrowed while it is a member. */
uint32_t label_groups__join(struct label_groups *g, uint32_t slot, uint32_t id, char *const *texts,
			    size_t n);
/* Removes a member; other slots are ignored. A leader must be the last to leave. */
void label_groups__leave(struct label_groups *g, uint32_t slot);
/* Makes a member the leader of its group. */
void label_groups__lead(struct label_groups *g, uint32_t slot);

/* The next member, in a ring. From the leader on, the oldest members come first. */
uint32_t label_groups__next(const struct label_groups *g, uint32_t slot);
