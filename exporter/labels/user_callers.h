/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions that have return addresses in processes. A process has to be alive when it is asked
 * about. Its list of mappings is read, and the mapped file is opened, in a child that may hang; the
 * file's symbols are read in another one, once for each file.
 */
#pragma once

#include "base/util.h"

struct user_callers;

/* proc: "/proc", borrowed. */
struct user_callers *user_callers__new(const char *proc);
void user_callers__free(struct user_callers *u); /* NULL is fine */
/* "libc.so.6:qsort", "libc.so.6:?" without a symbol, or "?"; to be freed. */
char *user_callers__text(struct user_callers *u, uint64_t pid, uint64_t addr);
