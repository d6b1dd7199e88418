/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory that a generation of BPF objects takes, in bytes, computed without loading anything.
 */
#pragma once

#include "kernel/features.h"
#include "object/params.h"

/* Slots for calls in flight, as a power of two. Most calls find one. Tests build with fewer. */
#ifndef OBJECT_SLOT_BITS
#define OBJECT_SLOT_BITS 14
#endif
/* Captures of calls that find no slot, and of user functions. */
#define OBJECT_CAPTURE_HASH 16384
/* Entries of the table of jumps: room for as many again, for files that replace others. */
#define OBJECT_EXITS(nexits) ((nexits) ? 2 * (nexits) + 64 : 1)

/* Removed cgroups whose paths are kept. */
#define OBJECT_REMOVED_CGROUPS 512

struct memory_plan {
	uint32_t ncpus;	     /* possible ones */
	uint32_t own_banks;  /* CPUs with counters of their own: numbers below */
	uint32_t hist_banks; /* likewise, with histograms of their own */
	/* Of event counters, value counters and histograms, for the other CPUs; a power of 2. 0:
	 * all possible CPUs have their own, and there is no pool. */
	uint32_t shared_banks;
	bool pools_sets;     /* no CPU has own cells for label sets */
	uint32_t bank_cells; /* own ones of a CPU */
	/* The pool (bpf/pool.bpf.h): rows that cells take, rows that all CPUs share (one for each
	 * cell, or none), cells without histogram (likewise). */
	uint32_t pool_rows, pool_shared, brief_cells;
	uint32_t pool_lanes; /* rows that a cell may take */
	uint32_t cell_size;  /* counters of one target on one CPU */
	uint64_t cells;	     /* own ones of all targets */
	uint64_t pool;	     /* without shared rows and brief cells of label sets */
	uint64_t events;
	uint64_t values;      /* value counters: slots, counters and index */
	uint32_t nvalues;     /* slots */
	uint32_t nsets;	      /* label sets that fit */
	uint32_t sets_wanted; /* the sum of all max_series */
	uint32_t nsketches;   /* targets with labels */
	uint32_t nhists; /* histograms of integers: those of targets, then those of label sets */
	uint32_t own_hists, hists_per_set; /* of all targets together; the most of any target */
	uint32_t hist_size;
	uint32_t key_size; /* of label sets */
	uint64_t sets;	   /* label sets and histograms, and paths of removed cgroups */
	uint32_t nremoved; /* cgroups; 1: no label has their names */
	/* Entries of the tables for calls in flight and their captures; 1: no program uses it. */
	uint32_t nkernel_frames, nuser_frames, nslots, ncapture_slots, nhashed_captures;
	uint64_t frames;
	uint32_t nlate;	     /* calls in flight whose labels or filters are read at the return */
	uint32_t nshown;     /* calls in flight whose samples show something; 1: there are none */
	uint32_t ninherited; /* calls of user functions from which a forked child may return */
	uint64_t remembered; /* a bit for each task, where there is no task storage */
	uint32_t ncalls;     /* calls in flight of uprobe.ret; 1: it is not used */
	uint64_t samples;    /* the buffer for samples of calls; 0: no probe is sampled */
	uint64_t total;
	/* Not in total: per thread that has made a probed system call or called a probed user
	 * function. Their number is unknown. */
	uint32_t per_thread;
};
void memory_plan__make(const struct object_params *p, struct features *f, struct memory_plan *out);

/* NULL if the plan fits into the limit with `others` bytes already in use. Otherwise
 * one line, to be freed: how much is missing, and what to change. */
char *memory_plan__over_limit(const struct object_params *params, const struct memory_plan *memory,
			      uint64_t others, uint64_t memory_limit);
