/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of the kernel's functions for a system call. */
#pragma once

#include "kernel/syscalls.h"

#define SYSCALL_FUNCTIONS     3 /* of a call at most: native, and two for 32-bit programs */
#define SYSCALL_FUNCTION_SIZE 64

struct syscall_function {
	char name[SYSCALL_FUNCTION_SIZE];
	bool compat; /* of 32-bit programs */
};

/* NULL; or why they are not known on this architecture, or not only this call's. */
const char *syscall_functions__unknown(const struct syscall_entry *e);
/*
 * Fills in the names that the call's functions may have: the native one, then those of 32-bit
 * programs. Returns their number. A kernel may have both of the latter. It then uses one of them
 * only, and nothing calls the other.
 */
size_t syscall_functions__of(const struct syscall_entry *e,
			     struct syscall_function v[SYSCALL_FUNCTIONS]);
/* A function that a kernel has if it runs 32-bit programs. */
#define SYSCALL_FUNCTIONS_COMPAT "__ia32_sys_read"
/* Whether a name has the form of these functions. */
bool syscall_functions__is_one(const char *name);
