/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image that the confined child has made of a file's types (elf/types_reader.c). It may have
 * been taken over by what it read, so nothing in the image is believed before it was checked.
 */
#include "elf/types.h"

#include <errno.h>
#include <sys/stat.h>

#include "files/confined.h"
#include "elf/types_image.h"

#define READ_SECONDS 5.0
#define READ_MEMORY  (192ULL << 20) /* besides the files, which are mapped */

struct elf_types {
	struct confined_result result; /* what the rest points into */
	const struct type_record *records;
	const struct type_enumerator *enumerators;
	const char *texts;
	size_t n;
};

struct source {
	int fd, debug_fd;
	const char *path;
};

static int64_t read_in_child(void *ctx, void *out, size_t max, char *why)
{
	const struct source *s = ctx;

	return types_image__make(s->fd, s->debug_fd, s->path, out, max, why);
}

static bool is_sound_kind(const struct type_record *r)
{
	return (r->kind == RP_KIND_ERRNO || r->kind == RP_KIND_UNSIGNED ||
		r->kind == RP_KIND_POINTER || r->kind == RP_KIND_BOOL || r->kind == RP_KIND_ENUM ||
		r->kind == RP_KIND_VOID) &&
	       (r->size == 1 || r->size == 2 || r->size == 4 || r->size == 8);
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

static uint64_t size_of(int fd)
{
	struct stat st;

	return fd < 0 || fstat(fd, &st) ? 0 : st.st_size;
}

int elf_types__read(int fd, int debug_fd, const char *path, struct elf_types **out, char **why)
{
	struct elf_types *t = xcalloc(1, sizeof(*t));
	struct source source = { fd, debug_fd, path };
	__cleanup_free char *what = xasprintf("reading the types of %s", path);
	struct confined_job job = {
		.run = read_in_child,
		.ctx = &source,
		.what = what,
		.max = TYPES_IMAGE_MAX,
		.memory = READ_MEMORY + size_of(fd) + size_of(debug_fd),
		.seconds = READ_SECONDS,
		.fd = fd,
		.also = debug_fd >= 0 ? &debug_fd : NULL,
	};
	int err = confined__run(&job, &t->result, why);
	const struct types_image *image = t->result.data;

	if (!err && !types_image__is_sound(image, t->result.size)) {
		*why = xasprintf("reading the types of %s gave nonsense: it was made to do harm",
				 path);
		err = -EFAULT;
	}
	if (err) {
		elf_types__free(t);
		return err;
	}
	t->n = image->nrecords;
	t->records = (const void *)(image + 1);
	t->enumerators = (const void *)(t->records + t->n);
	t->texts = (const char *)(t->enumerators + image->nenumerators);
	*out = t;
	return 0;
}

void elf_types__free(struct elf_types *t)
{
	if (!t)
		return;
	confined__release(&t->result);
	free(t);
}

size_t elf_types__count(const struct elf_types *t)
{
	return t->n;
}

static int by_offset(const void *a, const void *b)
{
	const struct type_record *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

bool elf_types__find(const struct elf_types *t, uint64_t offset, const char *name,
		     struct elf_function_type *out)
{
	const struct type_record key = { .offset = offset }, *found = NULL;

	if (t->n)
		found = bsearch(&key, t->records, t->n, sizeof(key), by_offset);
	if (!found)
		return false;
	*out = (struct elf_function_type){ .kind = found->kind,
					   .size = found->size,
					   .nenumerators = found->nenumerators };
	out->signature =
		xasprintf("%s%s%s", t->texts + found->result, name, t->texts + found->parameters);
	out->enumerators = xcalloc(found->nenumerators + 1, sizeof(*out->enumerators));
	for (size_t i = 0; i < found->nenumerators; i++) {
		const struct type_enumerator *e = &t->enumerators[found->enumerator + i];

		out->enumerators[i] = (struct enumerator){ e->value, xstrdup(t->texts + e->name) };
	}
	return true;
}
