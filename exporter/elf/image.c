/* SPDX-License-Identifier: GPL-2.0-only */
/* A hostile file may have taken over the child that made the image: check everything in it. */
#include "elf/image.h"

#include "elf/hazards.h"

/* The name becomes part of paths. */
static bool elf_debug_link__is_sound(const struct elf_debug_link *l)
{
	return l->nbuild_id <= ELF_BUILD_ID_MAX && memchr(l->name, '\0', sizeof(l->name)) &&
	       !strchr(l->name, '/') && strcmp(l->name, ".") && strcmp(l->name, "..");
}

static bool is_sound_record(const struct elf_image *image, const char *names,
			    const struct elf_record *r)
{
	return r->name < image->names && names[r->name] &&
	       strnlen(names + r->name, ELF_NAME_MAX + 1) <= ELF_NAME_MAX &&
	       r->offset < image->file_size && r->size <= image->file_size - r->offset &&
	       (r->copies & ELF_RECORD_COPIES);
}

static bool is_sound_dynamic(const struct elf_image *image, const char *names,
			     const struct elf_dynamic_record *r)
{
	const uint32_t texts[] = { r->name, r->version, r->file };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i] >= image->names ||
		    strnlen(names + texts[i], ELF_NAME_MAX + 1) > ELF_NAME_MAX)
			return false;
	return names[r->name] && (r->kind & ~ELF_RECORD_FLAGS) < ELF_DYNAMIC_KINDS &&
	       r->offset < image->file_size && r->size <= image->file_size - r->offset;
}

static bool is_sound_usdt(const struct elf_image *image, const char *names,
			  const struct elf_usdt_record *r)
{
	const uint32_t texts[] = { r->provider, r->name, r->args };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i] >= image->names ||
		    strnlen(names + texts[i], ELF_NAME_MAX + 1) > ELF_NAME_MAX)
			return false;
	return names[r->name] && r->offset < image->file_size && r->semaphore < image->file_size;
}

bool elf_image__is_sound(const void *data, size_t size)
{
	const struct elf_image *image = data;
	const char *names = (const char *)data + sizeof(*image);
	const struct elf_dynamic_record *dynamics;
	const struct elf_usdt_record *usdts;
	const struct elf_record *records;

	if (size < sizeof(*image) || image->magic != ELF_IMAGE_MAGIC || !image->names ||
	    !elf_debug_link__is_sound(&image->debug_link) ||
	    !memchr(image->debug_why, '\0', sizeof(image->debug_why)) ||
	    image->file_size > ELF_FILE_MAX || image->hazards & ~HAZARDS_ALL)
		return false;
	if (image->names > size - sizeof(*image) || image->records_at % 8 ||
	    image->records_at < sizeof(*image) + image->names || image->records_at > size ||
	    size - image->records_at != (uint64_t)image->records * sizeof(*records) +
						(uint64_t)image->dynamics * sizeof(*dynamics) +
						(uint64_t)image->usdts * sizeof(*usdts) ||
	    names[0] || names[image->names - 1])
		return false;
	records = (const void *)((const char *)data + image->records_at);
	for (size_t i = 0; i < image->records; i++)
		if (!is_sound_record(image, names, &records[i]) ||
		    (i && strcmp(names + records[i - 1].name, names + records[i].name) >= 0))
			return false;
	dynamics = (const void *)(records + image->records);
	for (size_t i = 0; i < image->dynamics; i++)
		if (!is_sound_dynamic(image, names, &dynamics[i]))
			return false;
	usdts = (const void *)(dynamics + image->dynamics);
	for (size_t i = 0; i < image->usdts; i++)
		if (!is_sound_usdt(image, names, &usdts[i]))
			return false;
	return true;
}
