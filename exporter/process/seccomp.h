/* SPDX-License-Identifier: GPL-2.0-only */
/* The system call filters of a server. */
#pragma once

#include <stddef.h>

/* Allows a short list of system calls, none of which takes a file name. The listeners, which other
 * processes share, cannot be changed. 0 or a negative errno. */
int seccomp__limit_calls(const int *listeners, size_t n);
/* Forbids new threads, once all of them exist. 0 or a negative errno. */
int seccomp__forbid_threads(void);
