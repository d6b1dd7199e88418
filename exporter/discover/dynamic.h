/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that the dynamic linker resolves: versions of functions, and imported functions. */
#pragma once

#include "discover/sources.h"

/* Finds the function of a name with a version ("f@V", "f@@V"). *label: its name in metrics, to be
 * freed. False: there is none. */
bool dynamic__find_version(const struct elf_file *f, const char *name, struct elf_symbol *sym,
			   char **label);
/* A message with the existing versions, to be freed. NULL: name has no version, or the file does
 * not have the function. */
char *dynamic__no_version(const struct elf_file *f, const char *name);
/* A message with the library that the file imports the function from, to be freed. NULL: it does
 * not. */
char *dynamic__is_import(struct sources *src, const struct elf_file *f, const char *name);
