/* SPDX-License-Identifier: GPL-2.0-only */
/* What elf_types_reader makes of a file, in one piece of memory without pointers. */
#ifndef ELF_TYPES_IMAGE_H
#define ELF_TYPES_IMAGE_H

#include "base/util.h"

#define TYPES_IMAGE_MAGIC 0x52505459
#define TYPES_IMAGE_MAX	  (64ULL << 20)
#define TYPES_MAX	  400000 /* functions */
#define TYPES_TEXT_MAX	  256	 /* of a string; longer ones end in "..." */
#define TYPES_NAME_MAX	  128	 /* of an enumerator */
#define TYPES_ENUMERATORS 4096	 /* of one enum */

struct type_record {
	uint64_t offset;
	uint32_t result, parameters; /* offsets of strings among the texts: "char *", "(int n)" */
	uint32_t enumerator;	     /* the first one */
	uint32_t nenumerators;
	uint8_t kind, size;
	uint16_t unused[3];
};

struct type_enumerator {
	int64_t value; /* ascending, of one function */
	uint32_t name;
	uint32_t unused;
};

/* Then the records, by offset; the enumerators; and the texts, which end in a 0. */
struct types_image {
	uint32_t magic, nrecords, nenumerators, ntexts;
};

/* elf/types_reader.c: writes the image to out. Its length, or a negative errno with what is wrong
 * in why (files/confined.h). */
int64_t types_image__make(int fd, int debug_fd, const char *path, void *out, size_t max, char *why);

/* elf/types.c: whether all that is in there can be read without looking twice. */
bool types_image__is_sound(const void *data, size_t size);

#endif /* ELF_TYPES_IMAGE_H */
