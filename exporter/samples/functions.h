/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions of a program or library, by their place in its file. */
#pragma once

#include "samples/module.h"

/* Reads them, from the file that a process has mapped, or that has the path now. The file must have
 * the module's build id, or be the same file. NULL: there is none, or it has no symbols. May take
 * seconds; the file is read in a confined child. */
struct module_functions *module_functions__read(const struct module *m, const char *proc);
void module_functions__free(struct module_functions *f); /* NULL is fine */
/* The function at an offset, demangled, and where it begins. NULL: none. */
const char *module_functions__find(const struct module_functions *f, uint64_t offset,
				   uint64_t *begin);
