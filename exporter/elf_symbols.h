/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of an ELF file, and where in the file they begin: what a uprobe wants. Whoever owns
 * the file may have written anything into it, so it is read in a confined child, within limits, and
 * what comes back is looked at again.
 */
#ifndef ELF_SYMBOLS_H
#define ELF_SYMBOLS_H

#include "util.h"

/* One name. */
struct elf_symbol {
	const char *name; /* without its version */
	uint64_t offset;  /* in the file */
	uint64_t size;	  /* 0: the file does not say */
	uint32_t copies;  /* places of that name: static functions of several source files */
	bool ifunc;	  /* picks an implementation when the file is loaded */
	bool old_version; /* internal: not what a program linked today would get */
};

struct elf_extent {
	uint64_t offset, size; /* in the file */
};

struct elf_symbols;

/*
 * Of the file that fd has open; path is for messages. 0; or *why, to be freed, and -ENOENT: no
 * program, one without symbols, or one beyond the limits; -ETIMEDOUT, -ENOMEM, -EFAULT: reading it
 * took too much or crashed.
 */
int elf_symbols__read(int fd, const char *path, struct elf_symbols **out, char **why);
/* The same in this process, for tests. */
int elf_symbols__read_here(int fd, const char *path, struct elf_symbols **out, char **why);
void elf_symbols__free(struct elf_symbols *e);

size_t elf_symbols__count(const struct elf_symbols *e);
struct elf_symbol elf_symbols__at(const struct elf_symbols *e, size_t i); /* by name */
bool elf_symbols__find(const struct elf_symbols *e, const char *name, struct elf_symbol *out);
/* The parts that the compiler has moved away from a function ("f.cold", "f.cold.1"): up to max of
 * them. Returns how many there are. */
size_t elf_symbols__cold(const struct elf_symbols *e, const char *name, struct elf_extent *out,
			 size_t max);
bool elf_symbols__stripped(const struct elf_symbols *e); /* has only what it exports */
/* Where the kernel enters the program, with nothing to return to; 0: nowhere. */
uint64_t elf_symbols__entry(const struct elf_symbols *e);
uint32_t elf_symbols__hazards(const struct elf_symbols *e); /* enum hazard, of the whole file */

#endif /* ELF_SYMBOLS_H */
