/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every counter of missed calls, the kernel's and ours, by target and reason.
 *
 * Law 2: calls entered while attached = calls counted + calls missed + calls still running. What a
 * mechanism's return program does not see, only the kernel can know; what it knows differs by
 * mechanism (attach/mechanism.h: struct kernel_counts) and is brought together with our own tallies
 * here.
 */
#ifndef PROBES_MISSED_H
#define PROBES_MISSED_H

#include "attach/attach.h"
#include "counts/shared_missed.h"
#include "base/shared.h"
#include "counts/snapshot.h"

struct losses;
struct losses *losses__new(struct attach *a, struct object *obj);
void losses__free(struct losses *l); /* NULL is fine */

/* Reads everything. 0 or a negative errno, of bpf(2) that failed. */
int losses__update(struct losses *l);

/* A target has been attached again: what the kernel counts of it by itself begins at 0. */
void losses__restart(struct losses *l, uint32_t id);

/* As of the last update: the attacher's own, and the copy that is given to servers. */
const struct shared_missed *losses__board(const struct losses *l);
const struct shared_memory *losses__shared(const struct losses *l);

#endif /* PROBES_MISSED_H */
