/* SPDX-License-Identifier: GPL-2.0-only */
/* What the dynamic linker reads: exported functions and their versions, imported functions and
 * their libraries, needed libraries. For use in a confined child. */
#pragma once

#include "elf/image.h"
#include "elf/input.h"

struct elf_dynamics {
	struct elf_input *in;
	const Elf64_Shdr *symbols, *versions; /* .dynsym, and .gnu.version or NULL */
	/* The names of .dynsym lie between these offsets in names. */
	const char *names;
	uint32_t names_at, names_end;
	/* Where a defined symbol is in the file. False: not in code of the file. */
	bool (*locate)(void *ctx, const Elf64_Sym *sym, uint32_t *offset, uint32_t *size);
	void *ctx;
	struct elf_dynamic_record *out;
	size_t max; /* records that fit in out */
};

/* Returns the number of records written to out. Damaged parts are left out. */
size_t elf_dynamic__read(struct elf_dynamics *d);
