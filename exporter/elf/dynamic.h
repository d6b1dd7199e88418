/* SPDX-License-Identifier: GPL-2.0-only */
/* What the dynamic linker knows of a file: versions of what it exports, what it imports, from which
 * library, and what libraries it needs. For use in a confined child. */
#ifndef ELF_DYNAMIC_H
#define ELF_DYNAMIC_H

#include "elf/image.h"
#include "elf/input.h"

struct elf_dynamics {
	struct elf_input *in;
	const Elf64_Shdr *symbols, *versions; /* .dynsym, and .gnu.version or NULL */
	/* Where the names of .dynsym are in `names`. */
	const char *names;
	uint32_t names_at, names_end;
	/* Where a defined symbol is in the file; false: in no code of it. */
	bool (*locate)(void *ctx, const Elf64_Sym *sym, uint32_t *offset, uint32_t *size);
	void *ctx;
	struct elf_dynamic_record *out;
	size_t max; /* there is no room for more */
};

/* Returns how many were written to out. What is damaged is left out. */
size_t elf_dynamic__read(struct elf_dynamics *d);

#endif /* ELF_DYNAMIC_H */
