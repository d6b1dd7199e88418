/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/histogram_layout.h"
#include "bpf/scan.h"
#include "config/config.h"
#include "expr/capture.h"
#include "kernel/cpus.h"

/* What the scan of calls in progress looks for. */
struct scan_params {
	struct rp_range *ranges; /* kernel functions, ascending */
	size_t nranges;
	bool stacks;	/* may be read */
	bool syscalls;	/* that are attached by tracepoints */
	bool functions; /* system calls that are attached by their functions */
	bool user;
};

/* What a generation of BPF objects is made for. Borrowed during the call, except as capturing. */
struct object_params {
	const struct histogram_layout *layout; /* must outlive the object */
	uint32_t ntargets;		       /* ids are below */
	enum cells_mode cells;
	struct cpus cpus;
	uint64_t programs;	     /* PROG_BIT()s */
	uint64_t capturing_programs; /* likewise: variants with captures */
	const struct rp_addr *sites; /* targets of multi links by address; none: by cookie */
	size_t nsites;
	const struct histogram_layout *size_layout; /* must outlive the object */
	/* Of the targets that have one, by id. Equal ones have the same index, below ncaptures.
	 * Must outlive the object. */
	const struct capture_spec *const *extras;
	uint32_t nextras, ncaptures;
	const uint32_t *first_hists; /* by target id */
	const struct rp_exit *exits; /* jumps that may leave user functions, by index */
	size_t nexits;
	struct scan_params scan;
	enum rp_answerer answerer;
	uint32_t ntraced;      /* threads that tracers may have stopped at a time */
	bool x32_calls;	       /* the kernel runs x32 programs */
	bool twice;	       /* a function may have several probes */
	uint64_t span_bytes;   /* of running spans */
	uint64_t memory_limit; /* label sets get no more than a share of what is left of it */
};
