/* SPDX-License-Identifier: GPL-2.0-only */
/* Types of functions in the making, for elf/dwarf.c and elf/btf.c. In the confined child only. */
#ifndef ELF_TYPES_READER_H
#define ELF_TYPES_READER_H

#include <gelf.h>

#include "base/buf.h"
#include "types/declaration.h"
#include "elf/types_image.h"

#define SEGMENTS_MAX 128

struct types_reader {
	GElf_Phdr segments[SEGMENTS_MAX]; /* of code, the file's own */
	size_t nsegments;
	struct decl_types types; /* of what is being read */
	struct type_record *records;
	size_t nrecords, nsorted; /* the first ones are by offset, each once */
	struct type_enumerator *enumerators;
	size_t nenumerators;
	struct buf texts;
};

/* A text's offset among the texts; what is longer than max ends in "...". */
uint32_t types_reader__text(struct types_reader *r, const char *text, size_t max);
/* Where in the file the code at an address is. False: nowhere. */
bool types_reader__offset(const struct types_reader *r, uint64_t address, uint64_t *out);
bool types_reader__is_full(const struct types_reader *r);
/* Adds *record with the texts of that function's declaration, if its offset is not known yet. */
void types_reader__add(struct types_reader *r, const struct type_record *record, uint64_t function);

/* Add what they know. 0, also if that is nothing, or a negative errno. */
int elf_dwarf__read(struct types_reader *r, Elf *elf);
/* elf may be the file or its debug file: either may have the symbols, or the BTF. */
int elf_btf__read(struct types_reader *r, Elf *elf, Elf *debug);

#endif /* ELF_TYPES_READER_H */
