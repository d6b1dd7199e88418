/* SPDX-License-Identifier: GPL-2.0-only */
/* A hostile file may have taken over the child that made the image: check everything in it. */
#include "elf/parameters_image.h"

#include "types/btf_check.h"

int function_record__by_offset(const void *a, const void *b)
{
	const struct function_record *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool is_sound_place(const struct parameter_place *p)
{
	if (p->kind >= PLACE_KINDS)
		return false;
	return p->kind != PLACE_REGISTER || (p->words && p->word + p->words <= PLACE_WORDS);
}

/* Record i has the type PARAMETERS_FIRST_PROTO + i, with a place for each parameter. */
static bool records_are_sound(const struct parameters_image *image, const struct btf_check *btf)
{
	const struct function_record *r = (const void *)(image + 1);
	uint32_t at = 0, places = 0;

	for (uint32_t id = 1; id < PARAMETERS_FIRST_PROTO; id++)
		btf_check__next(btf, &at);
	for (uint32_t i = 0; i < image->nrecords; i++) {
		int n = btf_check__next(btf, &at);

		if (n < 0 || r[i].proto != PARAMETERS_FIRST_PROTO + i || r[i].place != places ||
		    (uint32_t)n > image->nplaces - places ||
		    (i && r[i - 1].offset >= r[i].offset) || r[i].go > 1)
			return false;
		places += n;
	}
	return places == image->nplaces;
}

bool parameters_image__is_sound(const void *data, size_t size)
{
	const struct parameters_image *image = data;
	const struct parameter_place *places;
	struct btf_check btf = { .name_max = PARAMETERS_NAME_MAX,
				 .enumerators_max = PARAMETERS_ENUMERATORS };
	uint64_t at;

	if (size < sizeof(*image) || image->magic != PARAMETERS_IMAGE_MAGIC)
		return false;
	at = parameters_image__btf(image);
	if (size < at || size - at != image->nbtf)
		return false;
	places = (const void *)((const struct function_record *)(image + 1) + image->nrecords);
	for (uint32_t i = 0; i < image->nplaces; i++)
		if (!is_sound_place(&places[i]))
			return false;
	btf.data = (const char *)data + at;
	btf.size = image->nbtf;
	return btf_check__is_sound(&btf) && records_are_sound(image, &btf);
}
