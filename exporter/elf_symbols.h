/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions of an ELF file, and where in the file they begin: what a uprobe wants. */
#ifndef ELF_SYMBOLS_H
#define ELF_SYMBOLS_H

#include "util.h"

/* One name. */
struct elf_symbol {
	const char *name; /* without its version */
	uint64_t offset;  /* in the file */
	uint32_t copies;  /* places of that name: static functions of several source files */
	bool ifunc;	  /* picks an implementation when the file is loaded */
	bool old_version; /* internal: not what a program linked today would get */
};

struct elf_symbols;

/*
 * 0; or *why, to be freed, and -ENOENT: no such file or no program, or one without symbols;
 * -EPERM: must not be probed (Go).
 */
int elf_symbols__open(const char *path, struct elf_symbols **out, char **why);
void elf_symbols__free(struct elf_symbols *e);

const struct elf_symbol *elf_symbols__all(const struct elf_symbols *e, size_t *n); /* by name */
const struct elf_symbol *elf_symbols__find(const struct elf_symbols *e, const char *name);
bool elf_symbols__stripped(const struct elf_symbols *e); /* has only what it exports */

#endif /* ELF_SYMBOLS_H */
