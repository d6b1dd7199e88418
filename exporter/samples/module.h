/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/util.h"

#define BUILD_ID_SIZE 20 /* as the kernel reports it */
#define NO_MODULE     UINT32_MAX

struct module_functions; /* samples/functions.h */

/* A file that is mapped as code. */
struct module {
	char *path; /* NULL: unknown */
	bool has_id;
	uint8_t id[BUILD_ID_SIZE];
	uint64_t dev, ino;
	uint32_t pid; /* a process that has mapped it at this path */
	bool looked_up;
	struct module_functions *functions; /* NULL: not looked up, or unknown */
};

struct user_frame {
	uint32_t module; /* NO_MODULE: unknown, or not in a file */
	uint64_t offset; /* in the file */
};
