/* SPDX-License-Identifier: GPL-2.0-only */
/* The image of an ELF file: its symbols in one block without pointers, made by elf/reader.c. */
#pragma once

#include "elf/symbol.h"

/* Limits. Real programs stay far below them. */
#define ELF_FILE_MAX	  (2ULL << 30)
#define ELF_TABLE_MAX	  (256ULL << 20) /* .symtab; and a table of names */
#define ELF_SYMBOLS_MAX	  8000000
#define ELF_NAME_MAX	  4096
#define ELF_NAMES_MAX	  (256ULL << 20) /* length of all names together, although they may overlap */
#define ELF_SECTIONS_MAX  65536
#define ELF_SEGMENTS_MAX  128
#define ELF_IMAGE_MAX	  (128ULL << 20)
#define ELF_NOTES_MAX	  (16ULL << 20) /* of USDT probes */

#define ELF_IMAGE_MAGIC	  0x52504534

#define ELF_RECORD_IFUNC  (1U << 31)
#define ELF_RECORD_OLD	  (1U << 30)
#define ELF_RECORD_DEBUG  (1U << 29) /* from debug symbols: the file's own take precedence */
#define ELF_RECORD_MISRUN (1U << 28) /* elf/code.h */
#define ELF_RECORD_COPIES (ELF_RECORD_MISRUN - 1)
#define ELF_RECORD_FLAGS  (~ELF_RECORD_COPIES)

struct elf_record {
	uint32_t name; /* offset among the names */
	uint32_t offset, size;
	uint32_t copies; /* and ELF_RECORD_* */
};

struct elf_dynamic_record {
	uint32_t name, version, file; /* offsets among the names; 0: "" */
	uint32_t offset, size;
	uint32_t kind; /* and ELF_RECORD_IFUNC, ELF_RECORD_MISRUN */
};

/* A place of a USDT probe. */
struct elf_usdt_record {
	uint32_t provider, name, args; /* offsets among the names */
	uint32_t offset, semaphore;    /* in the file; semaphore 0: there is none */
};

/* Followed by the names, which end in a 0; the records, sorted by name; the dynamic records; and
 * those of USDT probes. */
struct elf_image {
	uint32_t magic, hazards;
	uint64_t file_size;
	uint32_t names, records; /* bytes, number */
	uint32_t records_at;
	uint32_t has_symtab;
	uint32_t entry;	   /* offset of the entry point; 0: there is none */
	uint32_t dynamics; /* number */
	uint32_t usdts;	   /* number */
	uint32_t pad;
	struct elf_debug_link debug_link;
	char debug_why[256]; /* why debug symbols could not be added; "": no error */
};

/* Whether all records and strings lie within the image, so that nobody has to check them again. */
bool elf_image__is_sound(const void *data, size_t size);
