/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Demangles names of C++ and Rust functions: _ZN2ns5klass6methodEi is "ns::klass::method(int)". The
 * names come from a probed file, so they are demangled in a confined child.
 */
#pragma once

#include "base/util.h"

#define DEMANGLED_MAX 4096 /* bytes; longer names stay mangled */

struct demangled;

/*
 * Demangles n names; file is for messages. 0; or a negative errno with *why (to be freed): too much
 * time or memory was needed.
 */
int demangle__names(const char *const *names, size_t n, const char *file, struct demangled **out,
		    char **why);
/* Demangles one name in this process; for tests. out is "" if the name is not mangled; *bare as of
 * demangled__bare(). */
void demangle__here(const char *name, char out[DEMANGLED_MAX + 1], size_t *bare);
void demangled__free(struct demangled *d); /* NULL is fine */

/* Name i; NULL: it is not mangled. */
const char *demangled__name(const struct demangled *d, size_t i);
/* The length of name i without its parameter list. */
size_t demangled__bare(const struct demangled *d, size_t i);
/* Whether text is name i, with or without its parameter list. */
bool demangled__is(const struct demangled *d, size_t i, const char *text);
/* Whether a name looks mangled. */
bool demangle__is_mangled(const char *name);
