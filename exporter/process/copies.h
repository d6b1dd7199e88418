/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies of the files that this program consists of, in memory, for a process that is to run this
 * program and not into the probes on them. A probe is on a file, by its inode, and in every process
 * that maps it: with a probe on a function of libc, a server would count itself at each step, and
 * end, should that function not bear it.
 */
#ifndef PROCESS_COPIES_H
#define PROCESS_COPIES_H

#include "discover/target.h"

struct copies {
	int loader, program; /* -1: there is no need */
	int *libraries;	     /* those that are not to be the ones on disk */
	size_t nlibraries;
};

/*
 * Of what is probed by these targets, and of loader and program, if any of them is. program: a
 * descriptor of it. 0 or a negative errno; to be freed either way.
 */
int copies__make(const struct target *const *targets, size_t n, int program, struct copies *out);
void copies__free(struct copies *c); /* closes them */
/* The command that runs them with two arguments, its name and another: ends with NULL. For who is
 * about to execute the loader, and so does not free it. */
char **copies__command(const struct copies *c, const char *name, char *argument);

#endif /* PROCESS_COPIES_H */
