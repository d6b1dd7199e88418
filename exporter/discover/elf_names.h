/* SPDX-License-Identifier: GPL-2.0-only */
/* Demangled names of a file's functions (C++ and Rust). */
#pragma once

#include "base/buf.h"
#include "config/config.h"
#include "elf/symbols.h"

struct elf_names;

/* Borrows symbols and file (for messages). Demangles nothing yet. */
struct elf_names *elf_names__new(const struct elf_symbols *symbols, const char *file);
void elf_names__free(struct elf_names *n); /* NULL is fine */
/* The name of sym in the source; NULL: it is not mangled. */
const char *elf_names__demangled(struct elf_names *names, const struct elf_symbol *sym);
/* The same without a parameter list, to be freed. */
char *elf_names__bare(struct elf_names *names, const struct elf_symbol *sym);
/* Whether only one function has that name. name must come from elf_names__demangled(). */
bool elf_names__is_unique(struct elf_names *names, const char *name);
/* The number of functions with that name in the source, with or without a parameter list. *sym: the
 * first; candidates: a list of them if there are several. */
size_t elf_names__find(struct elf_names *names, const char *text, struct elf_symbol *sym,
		       struct buf *candidates);
/* Whether a glob with "::" or "(" matches the name of sym in the source. */
bool elf_names__matches(struct elf_names *names, const struct pattern *p,
			const struct elf_symbol *sym);
/* "; did you mean ...?", or "". To be freed. */
char *elf_names__near(struct elf_names *names, const char *text);
