/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Missed calls by target and reason, from the kernel's counters and our own.
 *
 * Law 2: calls entered while attached = calls counted + calls missed + calls in flight. Only the
 * kernel knows the calls that a return program does not see. Its counters differ by mechanism
 * (attach/mechanism.h: struct kernel_counts); here they are combined with our event counters.
 */
#pragma once

#include "attach/attach.h"
#include "counts/shared_missed.h"
#include "base/shared_memory.h"
#include "counts/snapshot.h"

struct missed;
struct missed *missed__new(struct attach *a, struct object *obj);
void missed__free(struct missed *m); /* NULL is fine */

/* Reads all counters. 0, or the negative errno of a failed bpf(2). */
int missed__update(struct missed *m);

/* Call it after a target is re-attached: the kernel's counters of it begin at 0. */
void missed__restart(struct missed *m, uint32_t id);

/* Sets the overhead of a target, for the next update. */
void missed__set_overhead(struct missed *m, uint32_t id, double seconds);
/* Sets how many calls of one label set are in _other at most, for the next update. */
void missed__set_other_most(struct missed *m, uint32_t id, uint64_t calls);
void missed__set_sets_needed(struct missed *m, uint32_t id, uint64_t sets);

/* As of the last update: our own data, and the copy for servers. */
const struct shared_missed *missed__board(const struct missed *m);
const struct shared_memory *missed__shared(const struct missed *m);
