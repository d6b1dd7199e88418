/* SPDX-License-Identifier: GPL-2.0-only */
/* What elf_reader makes of a file, in one piece of memory without pointers: an image. */
#ifndef ELF_IMAGE_H
#define ELF_IMAGE_H

#include "elf/symbols.h"

/* An honest program is far below all of these. */
#define ELF_FILE_MAX	  (2ULL << 30)
#define ELF_TABLE_MAX	  (256ULL << 20) /* .symtab; and a table of names */
#define ELF_SYMBOLS_MAX	  8000000
#define ELF_NAME_MAX	  4096
#define ELF_NAMES_MAX	  (256ULL << 20) /* all names together, however they overlap */
#define ELF_SECTIONS_MAX  65536
#define ELF_SEGMENTS_MAX  128 /* of code */
#define ELF_IMAGE_MAX	  (128ULL << 20)

#define ELF_IMAGE_MAGIC	  0x52504534

#define ELF_RECORD_IFUNC  (1U << 31)
#define ELF_RECORD_OLD	  (1U << 30)
#define ELF_RECORD_DEBUG  (1U << 29) /* of debug symbols: a symbol of the file itself beats it */
#define ELF_RECORD_MISRUN (1U << 28) /* elf/code.h */
#define ELF_RECORD_COPIES (ELF_RECORD_MISRUN - 1)
#define ELF_RECORD_FLAGS  (~ELF_RECORD_COPIES)

struct elf_record {
	uint32_t name; /* offset of a string among the names */
	uint32_t offset, size;
	uint32_t copies; /* and ELF_RECORD_* */
};

struct elf_dynamic_record {
	uint32_t name, version, file; /* as above; 0 of the last two: the empty string */
	uint32_t offset, size;
	uint32_t kind; /* and ELF_RECORD_IFUNC, ELF_RECORD_MISRUN */
};

/* Then the names, which end in a 0; then the records, by name; then what is dynamic. */
struct elf_image {
	uint32_t magic, hazards;
	uint64_t file_size;
	uint32_t names, records; /* bytes, number */
	uint32_t records_at;
	uint32_t has_symtab;
	uint32_t entry;	   /* the offset at which the kernel enters it; 0: it does not */
	uint32_t dynamics; /* number */
	struct elf_debug_link debug_link;
	char debug_why[256]; /* why its debug symbols are not among the records; "": nothing wrong
			      */
};

/* elf/reader.c: writes the image of what fd has open to out. debug_fd: its debug file, or -1. Its
 * length; or a negative errno with what is wrong in why (files/confined.h); path is for that. */
int64_t elf_image__make(int fd, int debug_fd, const char *path, void *out, size_t max, char *why);

/* elf/symbols.c: whether all that is in there can be read without looking twice. */
bool elf_image__is_sound(const void *data, size_t size);

#endif /* ELF_IMAGE_H */
