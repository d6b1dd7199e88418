/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds programs and libraries that were named without their path, or by a wrong path. For
 * suggestions only: the results exist, or existed a moment ago, and nothing else is checked. The
 * work is done in children (files/confined.h), as file systems may hang and containers are hostile.
 */
#pragma once

#include "base/util.h"

#define LOCATE_NEAR 3

/*
 * The library of that name ("libc.so.6" or "libc"), as the dynamic linker finds it in root: "" for
 * ours, or "/proc/PID/root", with which the result then begins. To be freed. NULL: not found.
 */
char *locate__library(const char *root, const char *name);
/* The program of that name in PATH. To be freed. NULL: not found. */
char *locate__program(const char *name);
/* Up to LOCATE_NEAR existing paths that differ from path in one similar component
 * (base/suggest.h). Returns their number; each is to be freed. */
size_t locate__near(const char *path, char *out[LOCATE_NEAR]);
/* The length of the "/proc/PID/root" that the text of path begins with; 0: none. */
size_t locate__root_of(const char *path);
