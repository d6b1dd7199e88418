/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/util.h"

#define CONFINED_WHY 1024

struct confined_job {
	/*
	 * Runs in the child. Writes its result to out and returns the result's length, at most max;
	 * or a negative errno, with one line in why (CONFINED_WHY bytes). It may use the heap; the
	 * x functions of base/util.h end the child. All descriptors are closed but fd and *also.
	 */
	int64_t (*run)(void *ctx, void *out, size_t max, char *why);
	void *ctx;
	const char
		*what; /* for messages, as in "reading FILE"; also identifies a child that hangs */
	size_t max;    /* bytes of a result; unused ones take no memory */
	size_t memory; /* bytes that the child may allocate */
	double seconds;
	int fd;		 /* the descriptor that stays open, under the same number; -1: none */
	const int *also; /* NULL, or another one */
	/* The child looks up and opens files with the exporter's privileges, and does not read
	 * them. Otherwise it has no privileges: it computes, and reads fd. */
	bool finds_files;
};
