/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One generation of loaded BPF: the skeleton, its constants, the sizes of its maps, and the mapped
 * counters. It owns programs and maps. It knows targets by id only, and no links.
 */
#pragma once

#include "bpf/abi.h"
#include "bpf/sketch.h"
#include "counts/banks.h"
#include "kernel/features.h"
#include "object/memory_plan.h"
#include "object/params.h"
#include "object/programs.h"

struct object;

/* 0 or a negative errno with *error, one line, to be freed. */
int object__load(const struct object_params *p, struct features *f, struct object **out,
		 char **error);
/* Unmaps and unloads; programs that links still hold live on. NULL is fine. */
void object__free(struct object *o);

/* Probes the calls of this number, native or of 32-bit programs, with a target descriptor; 0: no
 * longer. nr -1: there is no such call. */
void object__set_syscall(struct object *o, int nr, bool compat, uint64_t spec);
/* The same without durations. */
void object__count_syscall(struct object *o, int nr, bool compat, uint64_t spec);

/* The same for calls that are attached by their functions. */
void object__set_functions(struct object *o, int nr, bool compat, uint64_t spec);

/* Has calls with this capture spec go on in its programs: those at the exit without durations if
 * untimed. 0 or a negative errno. */
int object__set_syscall_programs(struct object *o, const struct capture_spec *capture,
				 bool untimed);
/* The same for answered calls that are attached by their functions. */
int object__set_answered_program(struct object *o, const struct capture_spec *capture);

struct programs *object__programs(const struct object *o);
/* Whether programs of multi links identify targets by address; otherwise by cookie. */
bool object__knows_addrs(const struct object *o);

/* With CELLS_PERCPU, cells and values are copies from the last object_maps__refresh(). */
const struct banks *object__banks(const struct object *o);
/* Moves a value that no program counts any more to another cell. Returns its slot. If the cell has
 * that value already, returns the value's slot there, or -ENOSPC if there is no room; the caller
 * then frees the slot that was to be moved. */
int object__move_value(struct object *o, uint32_t slot, uint32_t cell);
/* Frees a slot after object__move_value(). */
void object__free_value(struct object *o, uint32_t slot);

/* Slots that are in use, by target id. */
volatile struct rp_used *object__used(const struct object *o);
/* The label sets of a target that found no room. Only of targets with labels. */
volatile struct rp_sketch *object__without_room(const struct object *o, uint32_t id);
/* Retires a label set: later calls do not count in it, but running programs still may. */
void object__retire_set(struct object *o, uint32_t slot);
/* Takes the oldest of the removed cgroups (bpf/cgroups.bpf.h). False: none is left. */
bool object__take_removed_cgroup(struct object *o, struct rp_removed_cgroup *out);
/* Waits until all programs that are running now have ended. 0 or a negative errno. */
int object__wait_for_programs(struct object *o);
/* Frees the slot of a retired set. */
void object__free_set(struct object *o, uint32_t slot);
