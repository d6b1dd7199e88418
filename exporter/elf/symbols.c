/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image that the confined child has made of a file (elf/reader.c). It may have been taken over
 * by what it read, so nothing in the image is believed before it was checked.
 */
#include "elf/symbols.h"

#include <errno.h>

#include "files/confined.h"
#include "elf/image.h"
#include "elf/hazards.h"

#define READ_SECONDS 5.0
#define READ_MEMORY  (64 << 20)
#define XZ_MEMORY    (128 << 20) /* more, for .gnu_debugdata unpacked */

struct elf_symbols {
	struct confined_result result; /* what image points into; or */
	void *own;		       /* the same of one that was read here */
	const struct elf_image *image;
	const char *names;
	const struct elf_record *records;
	const struct elf_dynamic_record *dynamics;
};

struct source {
	int fd, debug_fd;
	const char *path;
};

static int64_t read_in_child(void *ctx, void *out, size_t max, char *why)
{
	const struct source *s = ctx;

	return elf_image__make(s->fd, s->debug_fd, s->path, out, max, why);
}

/* ---- what came back ------------------------------------------------------------------------- */

/* The name becomes a part of paths. */
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

bool elf_image__is_sound(const void *data, size_t size)
{
	const struct elf_image *image = data;
	const char *names = (const char *)data + sizeof(*image);
	const struct elf_dynamic_record *dynamics;
	const struct elf_record *records;

	if (size < sizeof(*image) || image->magic != ELF_IMAGE_MAGIC || !image->names ||
	    !elf_debug_link__is_sound(&image->debug_link) ||
	    !memchr(image->debug_why, '\0', sizeof(image->debug_why)) ||
	    image->file_size > ELF_FILE_MAX || image->hazards & ~HAZARDS_ALL)
		return false;
	if (image->names > size - sizeof(*image) || image->records_at % 8 ||
	    image->records_at < sizeof(*image) + image->names || image->records_at > size ||
	    size - image->records_at != (uint64_t)image->records * sizeof(*records) +
						(uint64_t)image->dynamics * sizeof(*dynamics) ||
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
	return true;
}

static int take(const char *path, const void *data, size_t size, struct elf_symbols *e, char **why)
{
	if (!elf_image__is_sound(data, size)) {
		*why = xasprintf("reading %s gave nonsense: it was made to do harm", path);
		return -EFAULT;
	}
	e->image = data;
	e->names = (const char *)data + sizeof(*e->image);
	e->records = (const void *)((const char *)data + e->image->records_at);
	e->dynamics = (const void *)(e->records + e->image->records);
	return 0;
}

int elf_symbols__read(int fd, int debug_fd, const char *path, struct elf_symbols **out, char **why)
{
	struct elf_symbols *e = xcalloc(1, sizeof(*e));
	struct source source = { fd, debug_fd, path };
	__cleanup_free char *what = xasprintf("reading %s", path);
	struct confined_job job = {
		.run = read_in_child,
		.ctx = &source,
		.what = what,
		.max = ELF_IMAGE_MAX,
		.memory = READ_MEMORY + XZ_MEMORY,
		.seconds = READ_SECONDS,
		.fd = fd,
		.also = debug_fd >= 0 ? &debug_fd : NULL,
	};
	int err = confined__run(&job, &e->result, why);

	if (!err)
		err = take(path, e->result.data, e->result.size, e, why);
	if (err)
		elf_symbols__free(e);
	else
		*out = e;
	return err;
}

int elf_symbols__read_here(int fd, int debug_fd, const char *path, struct elf_symbols **out,
			   char **why)
{
	struct elf_symbols *e = xcalloc(1, sizeof(*e));
	char text[CONFINED_WHY] = "";
	int64_t size;
	int err;

	e->result.fd = -1;
	e->result.mapped = ELF_IMAGE_MAX;
	e->result.shared = confined__memory(ELF_IMAGE_MAX);
	size = e->result.shared
		       ? elf_image__make(fd, debug_fd, path, e->result.shared, ELF_IMAGE_MAX, text)
		       : -ENOMEM;
	err = size < 0 ? (int)size : 0;
	if (err)
		*why = xstrdup(*text ? text : strerror(-err));
	else
		err = take(path, e->result.shared, size, e, why);
	if (err)
		elf_symbols__free(e);
	else
		*out = e;
	return err;
}

void elf_symbols__free(struct elf_symbols *e)
{
	if (!e)
		return;
	confined__release(&e->result);
	free(e);
}

/* ---- questions ------------------------------------------------------------------------------ */

size_t elf_symbols__count(const struct elf_symbols *e)
{
	return e->image->records;
}

static const char *name_at(const struct elf_symbols *e, size_t i)
{
	return e->names + e->records[i].name;
}

struct elf_symbol elf_symbols__at(const struct elf_symbols *e, size_t i)
{
	const struct elf_record *r = &e->records[i];

	return (struct elf_symbol){
		.name = name_at(e, i),
		.index = i,
		.offset = r->offset,
		.size = r->size,
		.copies = r->copies & ELF_RECORD_COPIES,
		.ifunc = r->copies & ELF_RECORD_IFUNC,
		.misrun = r->copies & ELF_RECORD_MISRUN,
		.old_version = r->copies & ELF_RECORD_OLD,
	};
}

/* The first that is not less. */
static size_t lower_bound(const struct elf_symbols *e, const char *name)
{
	size_t low = 0, high = e->image->records;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(name_at(e, middle), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool elf_symbols__find(const struct elf_symbols *e, const char *name, struct elf_symbol *out)
{
	size_t i = lower_bound(e, name);

	if (i == e->image->records || strcmp(name_at(e, i), name))
		return false;
	*out = elf_symbols__at(e, i);
	return true;
}

size_t elf_symbols__cold(const struct elf_symbols *e, const char *name, struct elf_extent *out,
			 size_t max)
{
	__cleanup_free char *cold = xasprintf("%s.cold", name);
	size_t len = strlen(cold), n = 0;

	for (size_t i = lower_bound(e, cold); i < e->image->records; i++) {
		const char *found = name_at(e, i);

		if (strncmp(found, cold, len))
			break;
		if (found[len] && found[len] != '.')
			continue;
		if (n < max)
			out[n] = (struct elf_extent){ e->records[i].offset, e->records[i].size };
		n++;
	}
	return n;
}

size_t elf_symbols__ndynamics(const struct elf_symbols *e)
{
	return e->image->dynamics;
}

struct elf_dynamic elf_symbols__dynamic(const struct elf_symbols *e, size_t i)
{
	const struct elf_dynamic_record *r = &e->dynamics[i];

	return (struct elf_dynamic){
		.kind = r->kind & ~ELF_RECORD_FLAGS,
		.name = e->names + r->name,
		.version = e->names + r->version,
		.file = e->names + r->file,
		.offset = r->offset,
		.size = r->size,
		.ifunc = r->kind & ELF_RECORD_IFUNC,
		.misrun = r->kind & ELF_RECORD_MISRUN,
	};
}

bool elf_symbols__stripped(const struct elf_symbols *e)
{
	return !e->image->has_symtab;
}

const struct elf_debug_link *elf_symbols__debug_link(const struct elf_symbols *e)
{
	return &e->image->debug_link;
}

const char *elf_symbols__debug_why(const struct elf_symbols *e)
{
	return *e->image->debug_why ? e->image->debug_why : NULL;
}

uint64_t elf_symbols__entry(const struct elf_symbols *e)
{
	return e->image->entry;
}

uint32_t elf_symbols__hazards(const struct elf_symbols *e)
{
	return e->image->hazards;
}
