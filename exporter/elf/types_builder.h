/* SPDX-License-Identifier: GPL-2.0-only */
/* Collects types of functions for the image (elf/types_image.h). For use in a confined child. */
#pragma once

#include "base/buf.h"
#include "elf/segments.h"
#include "types/declaration.h"
#include "elf/types_image.h"

struct types_builder {
	struct segments segments;
	struct decl_types types; /* of the DWARF or BTF that is being read */
	struct type_record *records;
	size_t nrecords, nsorted; /* the first nsorted are sorted by offset, without duplicates */
	struct type_enumerator *enumerators;
	size_t nenumerators;
	struct buf texts;
};

/* Sorts the records by offset, and keeps one for each offset. */
void types_builder__sort(struct types_builder *b);
/* Adds a text and returns its offset. A text longer than max bytes ends in "...". */
uint32_t types_builder__text(struct types_builder *b, const char *text, size_t max);
bool types_builder__is_full(const struct types_builder *b);
/* Adds *record with the declaration of that function, unless a sorted record has its offset. */
void types_builder__add(struct types_builder *b, const struct type_record *record,
			uint64_t function);
