/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One generation of loaded BPF: the skeleton, its constants, the sizes of its maps, and the mapped
 * counters. It owns programs and maps. It knows targets by id only, and no links.
 */
#ifndef OBJECT_OBJECT_H
#define OBJECT_OBJECT_H

#include "bpf/abi.h"
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

/* From now on, calls of this number, native or of 32-bit programs, are probed so; 0: not at all.
 * nr -1: there is no such call. */
void object__set_syscall(struct object *o, int nr, bool compat, uint64_t spec);

struct programs *object__programs(const struct object *o);
/* Whether programs of multi links tell targets by address; else by cookie. */
bool object__knows_addrs(const struct object *o);

/* With CELLS_PERCPU cells and details are copies, of when object_maps__refresh() was called last.
 */
const struct banks *object__banks(const struct object *o);
/* A detail in use, which no program counts any more, becomes the cell's. Returns its slot; or that
 * of the same value that the cell has already, or -ENOSPC: then it is to be freed. */
int object__move_detail(struct object *o, uint32_t slot, uint32_t cell);
/* Lets the slot be taken again, after object__move_detail(). */
void object__free_detail(struct object *o, uint32_t slot);
const struct memory_plan *object__memory(const struct object *o);

/*
 * Label sets are written by the kernel side when a slot is taken; object__retire_set() makes sure
 * that nothing new is counted in it (programs that run may still do so), and object__free_set()
 * lets it be taken again.
 */
volatile struct rp_used *object__used(const struct object *o); /* by index of extra */
void object__retire_set(struct object *o, uint32_t slot);
/* Returns when all programs that run now have ended, however long they are held up. 0 or a negative
 * errno. Only if there are label sets. */
int object__wait_for_programs(struct object *o);
void object__free_set(struct object *o, uint32_t slot);

#endif /* OBJECT_OBJECT_H */
