/* SPDX-License-Identifier: GPL-2.0-only */
/* Suggestions for a pattern without a match, as the end of a sentence: "; did you mean a, b or c?",
 * or
 * "". To be freed. */
#pragma once

#include "discover/request.h"
#include "discover/sources.h"

/* A function of exactly that name elsewhere: a system call, a kernel function, a function of libc.
 * NULL: there is none, so suggest similar names. */
char *hints__elsewhere(struct sources *src, const struct request *r);
/* The same, or similar kernel functions (of that object; NULL: any) and system calls. */
char *hints__kernel(struct sources *src, const struct request *r, const char *object);
/* For an OBJECT that is not a module: a program or library of that name, or similar modules. */
char *hints__object(struct sources *src, const struct request *r);
/* For a path without a file: files of that name elsewhere, or similar paths. */
char *hints__path(const char *path, const char *functions);
/* A whole sentence, if OBJECT is a type of probe of another tool ("kprobe"); else NULL. */
char *hints__foreign(const struct pattern *p);
