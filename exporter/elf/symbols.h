/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of an ELF file, and where in the file they begin: what a uprobe wants. Whoever owns
 * the file may have written anything into it, so it is read in a confined child, within limits, and
 * what comes back is looked at again.
 */
#ifndef ELF_SYMBOLS_H
#define ELF_SYMBOLS_H

#include "base/util.h"

/* One name. */
struct elf_symbol {
	const char *name; /* without its version */
	uint64_t offset;  /* in the file */
	uint64_t size;	  /* 0: the file does not say */
	size_t index;	  /* elf_symbols__at() */
	uint32_t copies;  /* places of that name: static functions of several source files */
	bool ifunc;	  /* picks an implementation when the file is loaded */
	bool misrun;	  /* the kernel runs its first instruction wrongly under a uprobe */
	bool old_version; /* internal: not what a program linked today would get */
};

struct elf_extent {
	uint64_t offset, size; /* in the file */
};

/* What the dynamic linker knows of a file. */
struct elf_dynamic {
	enum elf_dynamic_kind {
		ELF_EXPORTED, /* a function, in one version */
		ELF_IMPORTED, /* a function of another file */
		ELF_NEEDED,   /* a library */
		ELF_DYNAMIC_KINDS
	} kind;
	const char *name;
	const char *version;   /* "": none is told */
	const char *file;      /* ELF_IMPORTED: the library that has that version; "": not told */
	uint64_t offset, size; /* ELF_EXPORTED: in the file */
	bool ifunc, misrun;
};

#define ELF_BUILD_ID_MAX 64

/* What a file says of the file that has its debug symbols. */
struct elf_debug_link {
	uint32_t nbuild_id; /* bytes of its own build-id; 0: it has none */
	uint32_t crc;	    /* of the whole debug file, with name */
	uint8_t build_id[ELF_BUILD_ID_MAX];
	char name[256]; /* by .gnu_debuglink, without directories; "": it names none */
};

struct elf_symbols;

/*
 * Of the file that fd has open; path is for messages. A stripped file may have no functions at all.
 * debug_fd: its debug file (elf/debug_file.h), whose symbols are added, or -1; those of
 * .gnu_debugdata are added in any case. A symbol counts only where the file itself has code. 0; or
 * *why, to be freed, and -ENOENT: no program, or one beyond the limits; -ETIMEDOUT, -ENOMEM,
 * -EFAULT: reading it took too much or crashed.
 */
int elf_symbols__read(int fd, int debug_fd, const char *path, struct elf_symbols **out, char **why);
/* The same in this process, for tests. */
int elf_symbols__read_here(int fd, int debug_fd, const char *path, struct elf_symbols **out,
			   char **why);
void elf_symbols__free(struct elf_symbols *e);

size_t elf_symbols__count(const struct elf_symbols *e);
struct elf_symbol elf_symbols__at(const struct elf_symbols *e, size_t i); /* by name */
bool elf_symbols__find(const struct elf_symbols *e, const char *name, struct elf_symbol *out);
/* The parts that the compiler has moved away from a function ("f.cold", "f.cold.1"): up to max of
 * them. Returns how many there are. */
size_t elf_symbols__cold(const struct elf_symbols *e, const char *name, struct elf_extent *out,
			 size_t max);
size_t elf_symbols__ndynamics(const struct elf_symbols *e);
struct elf_dynamic elf_symbols__dynamic(const struct elf_symbols *e, size_t i);
bool elf_symbols__stripped(const struct elf_symbols *e); /* has only what it exports */
const struct elf_debug_link *elf_symbols__debug_link(const struct elf_symbols *e);
/* Why symbols of a debug file or of .gnu_debugdata could not be added; NULL: nothing was wrong. */
const char *elf_symbols__debug_why(const struct elf_symbols *e);
/* Where the kernel enters the program, with nothing to return to; 0: nowhere. */
uint64_t elf_symbols__entry(const struct elf_symbols *e);
uint32_t elf_symbols__hazards(const struct elf_symbols *e); /* enum hazard, of the whole file */

#endif /* ELF_SYMBOLS_H */
