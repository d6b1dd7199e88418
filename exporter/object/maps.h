/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of a generation: their sizes, their mappings, and their first contents. */
#pragma once

#include "kernel/features.h"
#include "object/params.h"

struct object;

/* Fills the table of addresses; leaves it empty if it cannot tell some of them apart. */
void object_maps__place_addrs(struct object *o, const struct object_params *p);
/* Before loading: sets the size of each map, and fills the table of addresses, which the constants
 * depend on. */
void object_maps__size(struct object *o, const struct object_params *p, struct features *f);
/* After loading: maps the counters. 0 or a negative errno; in both cases the mappings are for
 * object_maps__unmap(). */
int object_maps__map(struct object *o);
/* Fills in what programs find in maps from the start. 0 or a negative errno. */
int object_maps__fill(struct object *o, const struct object_params *p);
void object_maps__unmap(struct object *o);

/* Reads counters that cannot be mapped, with bpf(2); nothing with CELLS_MMAP. 0 or a negative
 * errno. */
int object_maps__refresh(struct object *o);
/* The same for one target. */
int object_maps__refresh_target(struct object *o, uint32_t id);
/* Writes n jumps of user functions to the table, from index `first` on. 0 or a negative errno. */
int object_maps__set_exits(struct object *o, uint32_t first, const struct rp_exit *v, size_t n);
