/* SPDX-License-Identifier: GPL-2.0-only */
/* The image of a file's types: one block of memory without pointers, from elf/types_reader.c. */
#pragma once

#include "base/util.h"

#define TYPES_IMAGE_MAGIC 0x52505459
#define TYPES_IMAGE_MAX	  (64ULL << 20)
#define TYPES_MAX	  400000 /* functions */
#define TYPES_TEXT_MAX	  256	 /* bytes of a string; longer ones end in "..." */
#define TYPES_NAME_MAX	  128	 /* bytes of an enumerator's name */
#define TYPES_ENUMERATORS 4096	 /* of one enum */

struct type_record {
	uint64_t offset;
	uint64_t die;		     /* of the DWARF, for elf/parameters.h; 0: from BTF */
	uint32_t result, parameters; /* offsets among the texts: "char *", "(int n)" */
	uint32_t enumerator;	     /* the first one */
	uint32_t nenumerators;
	uint8_t kind, size;
	uint16_t unused[3];
};

/* Compares two records, for qsort() and bsearch(). */
int type_record__by_offset(const void *a, const void *b);

struct type_enumerator {
	int64_t value; /* sorted within a function */
	uint32_t name;
	uint32_t unused;
};

/* Followed by the records, sorted by offset; the enumerators; and the texts, which end in a 0. */
struct types_image {
	uint32_t magic, nrecords, nenumerators, ntexts;
};

/* Whether all records and strings lie within the image, so that nobody has to check them again. */
bool types_image__is_sound(const void *data, size_t size);
