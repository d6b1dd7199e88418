/* SPDX-License-Identifier: GPL-2.0-only */
/* A hostile file may have taken over the child that made the image: check everything in it. */
#include "elf/types_image.h"

#include "types/result.h"

int type_record__by_offset(const void *a, const void *b)
{
	const struct type_record *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool is_sound_kind(const struct type_record *r)
{
	return (r->kind == RP_KIND_ERRNO || r->kind == RP_KIND_UNSIGNED ||
		r->kind == RP_KIND_POINTER || r->kind == RP_KIND_BOOL || r->kind == RP_KIND_ENUM ||
		r->kind == RP_KIND_VOID) &&
	       result__is_size(r->size);
}

static bool is_sound_text(const struct types_image *image, const char *texts, uint32_t at)
{
	return at < image->ntexts && strnlen(texts + at, TYPES_TEXT_MAX + 1) <= TYPES_TEXT_MAX;
}

static bool is_sound_record(const struct types_image *image, const struct type_enumerator *v,
			    const char *texts, const struct type_record *r)
{
	if (!is_sound_kind(r) || !is_sound_text(image, texts, r->result) ||
	    !is_sound_text(image, texts, r->parameters) || r->enumerator > image->nenumerators ||
	    r->nenumerators > image->nenumerators - r->enumerator ||
	    r->nenumerators > TYPES_ENUMERATORS)
		return false;
	for (size_t i = 0; i < r->nenumerators; i++) {
		const struct type_enumerator *e = &v[r->enumerator + i];

		if (e->name >= image->ntexts || (i && e[-1].value >= e->value) ||
		    strnlen(texts + e->name, TYPES_NAME_MAX + 1) > TYPES_NAME_MAX)
			return false;
	}
	return true;
}

bool types_image__is_sound(const void *data, size_t size)
{
	const struct types_image *image = data;
	const struct type_record *records = (const void *)(image + 1);
	const struct type_enumerator *enumerators;
	const char *texts;

	if (size < sizeof(*image) || image->magic != TYPES_IMAGE_MAGIC ||
	    size != sizeof(*image) + (uint64_t)image->nrecords * sizeof(*records) +
			    (uint64_t)image->nenumerators * sizeof(*enumerators) + image->ntexts)
		return false;
	enumerators = (const void *)(records + image->nrecords);
	texts = (const char *)(enumerators + image->nenumerators);
	if (!image->ntexts || texts[image->ntexts - 1])
		return false;
	for (size_t i = 0; i < image->nrecords; i++)
		if (!is_sound_record(image, enumerators, texts, &records[i]) ||
		    (i && records[i - 1].offset >= records[i].offset))
			return false;
	return true;
}
