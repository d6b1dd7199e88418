/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies, in memory, of the files that this program is loaded from, so that a server does not run
 * into the probes on those files. A probe is on an inode, and so in every process that maps the
 * file. With a probe on a function of libc a server would count its own calls, and crash if the
 * function does not tolerate a probe.
 *
 * They are executed with a loader. So is a program that was started with one.
 */
#pragma once

#include "discover/target.h"
#include "process/own_program.h"

struct copies {
	int loader, program; /* -1: the program is executed by the kernel */
	int *libraries;	     /* replace those on disk */
	size_t nlibraries;
};

/* Copies the files that these targets probe. If there are any, also loader and program. 0 or a
 * negative errno; free *out in either case. */
int copies__make(const struct target *const *targets, size_t n, const struct own_program *own,
		 struct copies *out);
/* The same without copies. */
void copies__make_none(const struct own_program *own, struct copies *out);
void copies__free(struct copies *c); /* closes them */
/* The arguments to execute the loader with, so that it runs the program as `name` with one
 * argument. Ends with NULL; not to be freed. */
char **copies__command(const struct copies *c, const char *name, char *argument);
