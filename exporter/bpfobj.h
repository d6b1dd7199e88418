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
#include "util.h"

struct bpfobj;

enum bpf_program_id {
	PROG_KPROBE_ENTRY,
	PROG_KPROBE_RETURN,
	PROG_UPROBE_ENTRY,
	PROG_UPROBE_RETURN,
	PROG_SYSCALL_ENTER,
	PROG_SYSCALL_EXIT,
	PROG_MAX,
};

/* What a generation is made for. Borrowed during the call, except grid. */
struct bpfobj_params {
	const struct grid *grid; /* must outlive the object */
	uint32_t ntargets;	 /* ids are below */
	enum cells_mode cells;
	uint32_t programs;	      /* bit p: program p is wanted */
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

/*
 * The descriptor of a program to be attached for one target, and the cookie to attach it with. With
 * cookies it is the shared program's; without, a clone whose code holds the spec, and cookie is 0.
 * In either case the caller does not close it. A negative errno if a clone was refused.
 */
int bpfobj__program(struct bpfobj *o, enum bpf_program_id id, uint64_t spec, uint64_t *cookie);
/* The shared program's descriptor, for its statistics and for programs that need no spec. */
int bpfobj__program_fd(const struct bpfobj *o, enum bpf_program_id id);

/* What the kernel counts of a program, its clones together. run_ns and runs stay 0 unless
 * kernel.bpf_stats_enabled is on, skipped where the kernel does not count that (before 6.7). */
struct bpfobj_counts {
	uint64_t run_ns, runs, skipped;
};
struct bpfobj_counts bpfobj__program_counts(const struct bpfobj *o, enum bpf_program_id id);

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
