/* SPDX-License-Identifier: GPL-2.0-only */
/* The name under which the dynamic linker knows a library. */
#pragma once

#include "base/util.h"

#define ELF_SONAME_MAX 255

/* Reads DT_SONAME of an untrusted file, in a confined child. path: for messages. To be freed; NULL:
 * it has none, or cannot be read. */
char *elf_soname__read(int fd, const char *path);
/* The same without a child, for fuzzing. Writes to out, which has max bytes. Returns the length
 * with the final 0; 0: it has none; or a negative errno with one line in why (CONFINED_WHY bytes).
 */
int64_t elf_soname__read_here(int fd, const char *path, char *out, size_t max, char *why);
