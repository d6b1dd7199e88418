/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the frames of user stacks are: in which file of the process, and at which offset in it.
 *
 * The kernel names files by their build id, which a process does not take with it when it ends. Its
 * maps have the path. So the maps are read when a sample arrives, if the process is still there. A
 * build id whose path is known from one process has it in all others.
 */
#pragma once

#include "bpf/samples.h"
#include "samples/module.h"

struct modules;
struct modules *modules__new(const char *proc); /* "/proc" */
void modules__free(struct modules *m);		/* NULL is fine */

/* Begins a batch of samples: maps are read again, of some processes at most. */
void modules__begin(struct modules *m);
/* Finds the frames of a sample: RP_SAMPLE_USER_FRAMES at most. Returns their number. *gone: the
 * process has ended, or cannot be read. */
size_t modules__locate(struct modules *m, const struct rp_sample *raw, struct user_frame *out,
		       bool *gone);
/* Valid until the next modules__locate(). */
struct module *modules__at(struct modules *m, uint32_t i);
/* Forgets functions, if those of too many modules are known. */
void modules__trim(struct modules *m);
/* Counts up when modules are forgotten, because there are too many: frames from before are
 * unknown. */
unsigned modules__round(const struct modules *m);
