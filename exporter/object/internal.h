/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of a generation of loaded BPF share; nobody else includes this. */
#ifndef OBJECT_INTERNAL_H
#define OBJECT_INTERNAL_H

#include "object/object.h"
#include "retprobe.skel.h"

struct object {
	struct retprobe *skel;
	struct banks banks;
	struct memory_plan plan;
	struct programs *programs;
	struct rp_addr *addrs; /* as the kernel side's table has them */
	uint32_t naddrs, addr_shift;
	struct mapping {
		void *addr;
		size_t size;
	} mappings[12];
	size_t nmappings;
	/* What can be written, besides what is in the banks, where it cannot. */
	volatile struct rp_value_slot *own_details;
	volatile struct rp_label_set *own_sets;
	volatile struct rp_used *used;
	struct shared_memory cells_copy, details_copy; /* with CELLS_PERCPU */
	const volatile uint64_t *mapped_details;
	uint32_t ntargets;
	int waiter, waiter_inner; /* maps; see object__wait_for_programs(). 0: none */
	uint64_t swept;		  /* owners_ended as it was at the last sweep; object/calls.c */
};

/* ---- object/maps.c ---- */

/* The table of addresses; none if some cannot be told from each other by it. */
void object_maps__place_addrs(struct object *o, const struct object_params *p);
/* Before loading: what each map has room for, and the table of addresses, which the constants
 * need. */
void object_maps__size(struct object *o, const struct object_params *p, struct features *f);
/* After it: sets the views, and the adjustments. 0 or a negative errno; either way what is mapped
 * is for object_maps__unmap(). */
int object_maps__map(struct object *o);
/* What programs find in maps from the start. 0 or a negative errno. */
int object_maps__fill(struct object *o, const struct object_params *p);
void object_maps__unmap(struct object *o);

#endif /* OBJECT_INTERNAL_H */
