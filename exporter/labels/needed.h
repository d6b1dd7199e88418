/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many label sets a target would need, approximately (bpf/sketch.h): the sets in use, and those
 * that have found no room or made room for others. With series_ttl, of the last one or two periods.
 */
#pragma once

#include "object/object.h"
#include "discover/target.h"

struct label_needed;

/* Call it before the programs are attached. extras: by target id. All are borrowed. */
struct label_needed *label_needed__new(const struct object *obj, const struct targets *all,
				       const struct capture_spec *const *extras);
void label_needed__free(struct label_needed *n); /* NULL is fine */

/* The set in a slot makes room for others. */
void label_needed__let_go(struct label_needed *n, uint32_t slot);
/* Calculates the numbers, and logs them. now: seconds of a monotonic clock. */
void label_needed__update(struct label_needed *n, double now);
/* The same, if it is long ago. Call it often: it is for the log. */
void label_needed__check(struct label_needed *n, double now);
/* 0: the sets in use are enough so far. */
uint64_t label_needed__of(const struct label_needed *n, uint32_t id);
