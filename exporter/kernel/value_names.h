/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of numbers: those that C gives them in the kernel's headers, and those that this machine
 * gives. */
#pragma once

#include "base/util.h"

enum value_names {
	NAMES_ERRNO,
	NAMES_SIGNAL,
	NAMES_SYSCALL,
	NAMES_FAMILY,
	NAMES_PROTO,
	NAMES_TCP_STATE,
	NAMES_SOFTIRQ,
	NAMES_USER,
	NAMES_INTERFACE,
	NAMES_DISK, /* of the kernel's dev_t */
};

/* "ENOENT" for 2 and -2. NULL: it has no name, or no longer. To be freed. */
char *value_names__text(enum value_names of, int64_t value);
/* The number of a name. */
bool value_names__find(enum value_names of, const char *name, uint64_t *out);
/* Names that a misspelt one may mean. *out is to be freed, the names are not. */
size_t value_names__all(enum value_names of, const char ***out);
/* The number of a constant by its name alone: an errno, a signal, a family, a protocol
 * or a state of TCP. */
bool value_names__constant(const char *name, uint64_t *out);
