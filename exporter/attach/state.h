/* SPDX-License-Identifier: GPL-2.0-only */
/* The state that planning and attaching share; only sources of this folder include it. */
#pragma once

#include "attach/group.h"
#include "attach/task_watch.h"

/* The attachment to a former file, or to a further function of a system call. Its settings and
 * captures belong to the target that replaced it, or to the first function's. */
struct former {
	struct attach_slot slot;
	struct target *target;
};

struct attach {
	const struct capture_spec **extras; /* of the targets that have one */
	uint32_t nextras, ncaptures;
	uint32_t *first_hists;	   /* by target id */
	struct attach_slot *slots; /* by target id */
	size_t n;
	struct features *features;
	const char *mechanism; /* the configuration's */
	bool unpreempted;      /* the kernel was not preemptible when the plan was made */
	unsigned off;	       /* enum switch_bit: what has been switched off */
	struct groups groups;
	size_t count[TARGET_TYPES]; /* targets by type */
	size_t in_modules;	    /* kernel functions in modules */
	struct rp_addr *sites;
	size_t nsites;
	struct scan_params scan;
	struct rp_exit *exits;
	size_t nexits;
	struct task_watch forks; /* for return probes on user functions */
	bool watches_forks;
	struct former **former;
	size_t nformer;
	struct answers *answers; /* attach/answers.h; NULL: none */
	int answers_error;
	bool traced; /* some system call needs the tracepoints */
};
