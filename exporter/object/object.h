/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One generation of loaded BPF: the skeleton, its constants, the sizes of its maps, and the mapped
 * banks. Owns programs and maps; knows no targets but by id, and no links.
 */
#ifndef OBJECT_OBJECT_H
#define OBJECT_OBJECT_H

#include "counts/banks.h"
#include "bpf/abi.h"
#include "config/config.h"
#include "expr/capture.h"
#include "kernel/features.h"
#include "base/grid.h"
#include "object/programs.h"
#include "base/util.h"

struct object;

/* What a generation is made for. Borrowed during the call, except grid. */
struct object_params {
	const struct grid *grid; /* must outlive the object */
	uint32_t ntargets;	 /* ids are below */
	enum cells_mode cells;
	uint32_t programs;	     /* PROG_BIT()s */
	uint32_t capturing_programs; /* likewise: those with notes */
	const struct rp_addr *sites; /* targets of multi links by address; none: by cookie */
	size_t nsites;
	const struct grid *size_grid;		  /* must outlive the object */
	const struct target_extra *const *extras; /* by index; must outlive the object */
	uint32_t nextras;
	const struct rp_exit *exits; /* jumps that may leave user functions, by number */
	size_t nexits;
	uint64_t memory_limit; /* the label sets' pool gets no more than a share of what is left */
};

/* Most calls that run at once have one of as many places. Tests build with less of them. */
#ifndef OBJECT_SLOT_BITS
#define OBJECT_SLOT_BITS 14
#endif
#define OBJECT_NOTE_HASH 16384 /* notes that find none, and all those of user functions */

/* The memory that a generation takes, in bytes, computed without loading anything. */
struct memory_plan {
	uint32_t ncpus;	    /* possible ones: each has a bank */
	uint32_t cell_size; /* one target, one CPU */
	uint64_t cells;	    /* all of them */
	uint64_t events;
	uint64_t details;     /* slots, counters and index */
	uint32_t ndetails;    /* slots */
	uint32_t nsets;	      /* label sets that there is room for */
	uint32_t sets_wanted; /* the sum of all max_series */
	uint32_t nhists; /* histograms of integers: the targets' own, then those of label sets */
	uint32_t own_hists, hists_per_set;
	uint32_t hist_size;
	uint32_t key_size; /* of label sets */
	uint64_t sets;	   /* all that they take besides their cells, and hists */
	/* Entries of what finds a call's start and its note; 1 where no program uses it. */
	uint32_t nkernel_frames, nuser_frames, nslots, ncapture_slots, nhashed_captures;
	uint64_t frames;
	uint32_t nlate; /* calls at once of which labels or filters are read when they return */
	uint32_t ninherited; /* calls of user functions that forked children may return from */
	uint64_t remembered; /* a bit for each task, where there is no task storage */
	uint32_t ncalls; /* of user functions by uprobe.ret that may run at once; 1: it is not used
			  */
	uint64_t total;
	/* Besides, for each thread that has made a system call or called a user function that is
	 * probed; how many those will be, nobody knows. */
	uint32_t per_thread;
};
void memory_plan__make(const struct object_params *p, struct features *f, struct memory_plan *out);

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
/* Reads, by bpf(2), what cannot be mapped; nothing with CELLS_MMAP. 0 or a negative errno. */
int object_maps__refresh(struct object *o);
/* The same of one target. */
int object_maps__refresh_target(struct object *o, uint32_t id);
/* A detail in use, which no program counts any more, becomes the cell's. Returns its slot; or that
 * of the same value that the cell has already, or -ENOSPC: then it is to be freed. */
int object__move_detail(struct object *o, uint32_t slot, uint32_t cell);
/* Lets the slot be taken again, after object__move_detail(). */
void object__free_detail(struct object *o, uint32_t slot);
/*
 * Calls by uprobe.ret that have been left without a return, and whose thread or process has ended
 * since the last time: takes them out of the map, and adds them to unwound, by target id. 0 or a
 * negative errno.
 */
int object_calls__sweep(struct object *o, uint64_t *unwound);
/* Takes all calls of some targets out of it; of: by target id. */
void object_calls__forget(struct object *o, const bool *of);

/* Places in the table of jumps: as many again for files that take the place of others. */
#define OBJECT_EXITS(nexits) ((nexits) ? 2 * (nexits) + 64 : 1)
/* Puts jumps there, first and the following ones. 0 or a negative errno. */
int object_maps__set_exits(struct object *o, uint32_t first, const struct rp_exit *v, size_t n);
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
