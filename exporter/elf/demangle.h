/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of C++ and Rust functions as they are in the source: "ns::klass::method(int)" for
 * _ZN2ns5klass6methodEi. The names are a probed file's, so they are read in a confined child.
 */
#ifndef ELF_DEMANGLE_H
#define ELF_DEMANGLE_H

#include "base/util.h"

#define DEMANGLED_MAX 4096 /* bytes; a longer name is left as it is */

struct demangled;

/*
 * Of n names; file is for messages. 0; or a negative errno and *why, to be freed: it took too much
 * time or memory.
 */
int demangle__names(const char *const *names, size_t n, const char *file, struct demangled **out,
		    char **why);
/* The same in this process, for tests: text without its end of one name. "": it is not mangled. */
void demangle__here(const char *name, char out[DEMANGLED_MAX + 1], size_t *bare);
void demangled__free(struct demangled *d); /* NULL is fine */

/* Name i; NULL: it is not mangled. */
const char *demangled__name(const struct demangled *d, size_t i);
/* How many bytes of it are before the parameter list. */
size_t demangled__bare(const struct demangled *d, size_t i);
/* Whether text is name i, with its parameter list or without. */
bool demangled__is(const struct demangled *d, size_t i, const char *text);
/* Whether a name looks like one that a compiler has made up. */
bool demangle__is_mangled(const char *name);

#endif /* ELF_DEMANGLE_H */
