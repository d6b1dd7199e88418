/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program that runs here, to be executed again as a server.
 *
 * The kernel usually maps the loader that a program names. The archive's launcher
 * (deploy/archive/launcher.c) executes a loader of its own and gives it the program. A server then
 * begins in the same way. The loader finds the libraries by LD_LIBRARY_PATH.
 */
#pragma once

#include "base/util.h"

struct own_program {
	int program; /* a descriptor */
	int loader;  /* -1: the kernel maps it */
};

/* Once, early. 0 or a negative errno. */
int own_program__open(struct own_program *out);
