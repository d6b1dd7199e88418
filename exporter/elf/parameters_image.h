/* SPDX-License-Identifier: GPL-2.0-only */
/* The image of functions' parameters: one block without pointers, from elf/parameters_reader.c. */
#pragma once

#include "base/util.h"
#include "types/places.h"

#define PARAMETERS_IMAGE_MAGIC 0x52505041
#define PARAMETERS_IMAGE_MAX   (64ULL << 20)
#define PARAMETERS_NAME_MAX    255  /* bytes of any name */
#define PARAMETERS_ENUMERATORS 4096 /* of one enum */
#define PARAMETERS_FIRST_PROTO 3    /* the type of the first record; the next ones follow */

/* A function to read: what elf/types.h says of it. */
struct parameters_wanted {
	uint64_t offset, die;
	bool changed; /* a clone, as f.isra.0 */
};

struct parameters_request {
	const struct parameters_wanted *v;
	size_t n;
};

struct function_record {
	uint64_t offset;
	uint32_t proto; /* BTF_KIND_FUNC_PROTO */
	uint32_t place; /* the first one; one for each parameter */
	uint8_t go;	/* the words are Go's argument registers */
	uint8_t unused[7];
};

/* Followed by the records, sorted by offset; the places; padding to 4 bytes; and raw BTF. */
struct parameters_image {
	uint32_t magic, nrecords, nplaces, nbtf;
};

/* Where the BTF begins. */
static inline uint64_t parameters_image__btf(const struct parameters_image *image)
{
	uint64_t at = sizeof(*image) + (uint64_t)image->nrecords * sizeof(struct function_record) +
		      (uint64_t)image->nplaces * sizeof(struct parameter_place);

	return (at + 3) / 4 * 4;
}

/* Compares two records, for qsort() and bsearch(). */
int function_record__by_offset(const void *a, const void *b);
/* Whether everything lies within the image, and the BTF is what elf/dwarf_btf.c writes. */
bool parameters_image__is_sound(const void *data, size_t size);
