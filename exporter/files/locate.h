/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a program or library is that somebody has named without its path, or with a wrong one. For
 * suggestions: what is returned exists, or existed a moment ago, and nothing else is known of it.
 * Children do the work (files/confined.h), since file systems may hang and a container's root is
 * hostile.
 */
#ifndef FILES_LOCATE_H
#define FILES_LOCATE_H

#include "base/util.h"

#define LOCATE_NEAR 3

/*
 * The library of that name ("libc.so.6"; "libc" finds it too) as the dynamic linker would find it
 * in this root: "" is ours, else "/proc/PID/root", with which the result begins. To be freed. NULL:
 * there is none.
 */
char *locate__library(const char *root, const char *name);
/* The program of that name in PATH. To be freed. NULL: there is none. */
char *locate__program(const char *name);
/* Up to LOCATE_NEAR paths that exist and differ from path in one component, which is near to it
 * (base/suggest.h). Returns how many; each is to be freed. */
size_t locate__near(const char *path, char *out[LOCATE_NEAR]);
/* The length of the "/proc/PID/root" that path goes through, by its letters; 0: our own. */
size_t locate__root_of(const char *path);

#endif /* FILES_LOCATE_H */
