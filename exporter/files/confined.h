/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function that is run in a short-lived child, because what it works on is not to be trusted (the
 * content of a file that somebody else may write) or may never answer (a dead network file system).
 * Whatever becomes of the child, the caller goes on after the time that it gave: one that cannot
 * even be killed is left behind.
 *
 * The result is what the child has left in memory that both share. Who reads hostile files in the
 * child has to see it as hostile, too: every index, length and string in it.
 */
#ifndef FILES_CONFINED_H
#define FILES_CONFINED_H

#include "base/util.h"

#define CONFINED_WHY 1024

struct confined_job {
	/*
	 * In the child. Writes its result to out; returns the length of it, at most max, or a
	 * negative errno with one line in why (CONFINED_WHY bytes). The heap is there, the x
	 * functions of base/util.h end the child; descriptors but fd are closed.
	 */
	int64_t (*run)(void *ctx, void *out, size_t max, char *why);
	void *ctx;
	const char *what; /* for people, and by which one that hangs is known: "reading FILE" */
	size_t max;	  /* bytes that a result may have; what it does not use takes no memory */
	size_t memory;	  /* bytes that the child may take besides */
	double seconds;
	int fd;		 /* the one descriptor that it keeps, under the same number; -1: none */
	const int *also; /* NULL, or one more */
	/* It looks files up and opens them, with our rights and without reading them. Otherwise it
	 * has no rights: it computes and reads fd. */
	bool finds_files;
};

struct confined_result {
	const void *data; /* aligned to a page */
	size_t size;
	int fd; /* what confined__give() gave; -1: nothing. Who takes it sets it to -1 */
	void *shared;
	size_t mapped;
};

/*
 * 0; or a negative errno and *why (one line, to be freed): -ETIMEDOUT: it took too long, or an
 * earlier one of the same name has not come back yet; -ENOMEM; -EFAULT: it crashed; -EMSGSIZE: the
 * result would be too large; or what run returned.
 */
int confined__run(const struct confined_job *job, struct confined_result *result, char **why);
void confined__release(struct confined_result *result); /* also of one that failed */

/* Zeroed memory such as results are in, for whoever makes one without a child. NULL with errno. */
void *confined__memory(size_t size);

/* In the child of a job that finds files: a descriptor for the caller. 0 or a negative errno. */
int confined__give(int fd);

/* The same without waiting: */
struct confined;
/* What *job points to is not needed after that. 0 or a negative errno and *why. */
int confined__start(const struct confined_job *job, struct confined **out, char **why);
/* Waits for so long; -EAGAIN: it still runs. Everything else as confined__run(), and c is freed. */
int confined__finish(struct confined *c, double seconds, struct confined_result *result,
		     char **why);
void confined__abandon(struct confined *c); /* ends it; NULL is fine */

#endif /* FILES_CONFINED_H */
