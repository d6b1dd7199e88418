/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a function in a short-lived child, because its input is hostile (a file that others may
 * write) or may block for ever (a dead network file system). The caller continues after the job's
 * time, whatever the child does: a child that cannot be killed is left behind.
 *
 * The child leaves its result in shared memory. If it reads hostile files, treat the result as
 * hostile, too: check every index, length and string.
 */
#pragma once

#include "files/confined_job.h"

#define CONFINED_GIFTS 64

struct confined_result {
	const void *data; /* page-aligned */
	size_t size;
	int fds[CONFINED_GIFTS]; /* from confined__give(). Set one to -1 to keep it */
	size_t nfds;
	void *shared;
	size_t mapped;
};

/*
 * 0; or a negative errno and *why (one line, to be freed):
 *   -ETIMEDOUT  it took too long, or an earlier child of the same name still hangs
 *   -ENOMEM     it ran out of memory
 *   -EFAULT     it crashed
 *   -EMSGSIZE   the result is too large
 *   or the errno that run returned.
 */
int confined__run(const struct confined_job *job, struct confined_result *result, char **why);
void confined__release(struct confined_result *result); /* also after a failure */

/* Zeroed memory like that of results, for a result made without a child. NULL with errno. */
void *confined__memory(size_t size);

/* In a child that finds files: passes a descriptor to the caller, CONFINED_GIFTS at most. 0 or a
 * negative errno. */
int confined__give(int fd);

struct confined;
/* Starts the job without waiting. *job is not needed afterwards. 0 or a negative errno and *why. */
int confined__start(const struct confined_job *job, struct confined **out, char **why);
/* Waits for at most so many seconds. -EAGAIN: it still runs. Otherwise returns as confined__run(),
 * and c is freed. */
int confined__finish(struct confined *c, double seconds, struct confined_result *result,
		     char **why);
void confined__abandon(struct confined *c); /* kills it; NULL is fine */
