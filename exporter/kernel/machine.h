/* SPDX-License-Identifier: GPL-2.0-only */
/* The limits and privileges of this process: the facts that explain a refusal. */
#pragma once

#include "base/util.h"

#define MACHINE_UNLIMITED UINT64_MAX

struct machine {
	uint64_t capabilities;	    /* effective, as bits */
	bool confidential;	    /* kernel lockdown is `confidentiality` */
	bool seccomp;		    /* a filter is in force */
	int paranoid;		    /* kernel.perf_event_paranoid; INT_MIN: unknown */
	uint64_t files, files_open; /* RLIMIT_NOFILE; open descriptors */
	uint64_t locked;	    /* RLIMIT_MEMLOCK */
	uint64_t memory;	    /* the lowest memory.max of the cgroup and those above it */
};

uint64_t machine__capabilities(void);
/* Drops all capabilities, after change_user(), which needs some. No program gets them back if we
 * may drop the bounding set. 0 or a negative errno. */
int machine__drop_capabilities(int (*change_user)(void));
bool machine__is_confidential(void);
bool machine__is_initial_pid_namespace(void);
/* Needs free descriptors: without them, some facts stay unknown. */
void machine__look(struct machine *m);
