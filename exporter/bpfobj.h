/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One generation of loaded BPF: the skeleton, its constants, the sizes of its maps, and the mapped
 * banks. Owns programs and maps; knows no targets but by id, and no links.
 */
#ifndef BPFOBJ_H
#define BPFOBJ_H

#include "bpf/abi.h"
#include "config.h"
#include "features.h"
#include "grid.h"
#include "programs.h"
#include "util.h"

struct bpfobj;

/* What a generation is made for. Borrowed during the call, except grid. */
struct bpfobj_params {
	const struct grid *grid; /* must outlive the object */
	uint32_t ntargets;	 /* ids are below */
	enum cells_mode cells;
	uint32_t programs;		  /* PROG_BIT()s */
	const struct program_site *first; /* see programs__prepare() */
	const struct rp_addr *sites;	  /* targets of multi links by address; none: by cookie */
	size_t nsites;
	const uint64_t *specs;	      /* by id */
	const uint64_t *syscall_spec; /* RP_SYSCALLS specs by number, or NULL */
	const uint64_t *syscall_compat_spec;
};

/* The memory that a generation takes, in bytes, computed without loading anything. */
struct bpfobj_plan {
	uint32_t ncpus;	    /* possible ones: each has a bank */
	uint32_t cell_size; /* one target, one CPU */
	uint64_t cells;	    /* all of them */
	uint64_t tallies;
	uint64_t details;  /* slots, counters and index */
	uint32_t ndetails; /* slots */
	uint32_t nframes;  /* entries in each of the two hashes of frames */
	uint64_t frames;
	uint64_t total;
};
void bpfobj__plan(const struct bpfobj_params *p, struct features *f, struct bpfobj_plan *out);

/* 0 or a negative errno with *error, one line, to be freed. */
int bpfobj__load(const struct bpfobj_params *p, struct features *f, struct bpfobj **out,
		 char **error);
/* Unmaps and unloads; programs that links still hold live on. NULL is fine. */
void bpfobj__free(struct bpfobj *o);

struct programs *bpfobj__programs(const struct bpfobj *o);
/* Whether programs of multi links tell targets by address; else by cookie. */
bool bpfobj__knows_addrs(const struct bpfobj *o);

/* Views for snapshot and losses. Counters of CPU c, entry i: base[(c * stride + i) * width]. */
struct bank_view {
	const volatile uint64_t *base;
	uint32_t ncpus, stride, width, n;
};
const struct grid *bpfobj__grid(const struct bpfobj *o);
/* base is NULL with CELLS_PERCPU: then read with bpfobj__read_cell(). */
struct bank_view bpfobj__cells(const struct bpfobj *o);
/* All CPUs' copies of a cell, ncpus * width counters, by bpf(2). 0 or a negative errno. */
int bpfobj__read_cell(const struct bpfobj *o, uint32_t id, uint64_t *out);
struct bank_view bpfobj__tallies(const struct bpfobj *o);
struct bank_view bpfobj__detail_counts(const struct bpfobj *o);
const volatile struct rp_detail *bpfobj__details(const struct bpfobj *o); /* detail_counts.n */
const struct bpfobj_plan *bpfobj__memory(const struct bpfobj *o);

#endif /* BPFOBJ_H */
