/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls by name, with their numbers in 64-bit and in 32-bit programs. */
#pragma once

#include "base/util.h"

struct syscall_entry {
	const char *name;
	int nr, nr32; /* -1: none */
	int nr_x32;   /* of x32 programs, if they have another one for the same function; -1 */
};

/* All of them, sorted by name. */
const struct syscall_entry *syscalls__all(size_t *n);
const struct syscall_entry *syscalls__find(const char *name); /* or NULL */
