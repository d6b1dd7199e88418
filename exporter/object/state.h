/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a generation; only sources of this folder include it. */
#pragma once

#include "bpf/sketch.h"
#include "counts/banks.h"
#include "object/memory_plan.h"
#include "object/programs.h"
#include "retprobe.skel.h"

struct sample_ring {
	uint64_t *consumed;
	const uint64_t *produced;
	const char *data;
	uint64_t size; /* 0: no probe is sampled */
};

struct object {
	struct retprobe *skel;
	struct banks banks;
	struct memory_plan plan;
	struct programs *programs;
	struct rp_addr *addrs; /* the table of addresses */
	uint32_t naddrs, addr_shift;
	struct mapping {
		void *addr;
		size_t size;
	} mappings[24];
	size_t nmappings;
	/* Writable mappings; those in banks are read-only. */
	volatile struct rp_value_slot *own_values;
	volatile struct rp_label_set *own_sets;
	volatile struct rp_used *used;
	volatile struct rp_sketch *sketches;
	const volatile uint64_t *slots, *capture_slots; /* of calls in flight; read-only */
	struct shared_memory cells_copy, values_copy;	/* with CELLS_PERCPU */
	const volatile uint64_t *mapped_values;
	struct sample_ring samples;
	uint32_t ntargets;
	int waiter, waiter_inner; /* maps; see object__wait_for_programs(); 0: none */
	int scan_link;		  /* of PROG_SCAN; 0: none yet */
	uint64_t swept;		  /* owners_ended at the last sweep; object/calls.c */
};
