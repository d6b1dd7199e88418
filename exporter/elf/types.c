/* SPDX-License-Identifier: GPL-2.0-only */
/* Look-ups in the image of a file's types (elf/types_image.h). */
#include "elf/types.h"

#include <sys/stat.h>

#include "elf/child.h"
#include "elf/types_image.h"
#include "elf/types_reader.h"

#define READ_MEMORY (192ULL << 20) /* in addition to the files, which are mapped */

struct elf_types {
	struct confined_result result; /* has the image */
	const struct type_record *records;
	const struct type_enumerator *enumerators;
	const char *texts;
	size_t n;
};

static uint64_t size_of(int fd)
{
	struct stat st;

	return fd < 0 || fstat(fd, &st) ? 0 : st.st_size;
}

static int64_t make_image(const struct elf_child *c, void *out, size_t max, char *why)
{
	return types_reader__make_image(c->fd, c->debug_fd, c->path, out, max, why);
}

int elf_types__read(int fd, int debug_fd, const char *path, struct elf_types **out, char **why)
{
	struct elf_types *t = xcalloc(1, sizeof(*t));
	__cleanup_free char *what = xasprintf("reading the types of %s", path);
	const struct elf_child child = {
		.make = make_image,
		.is_sound = types_image__is_sound,
		.fd = fd,
		.debug_fd = debug_fd,
		.path = path,
		.what = what,
		.max = TYPES_IMAGE_MAX,
		.memory = READ_MEMORY + size_of(fd) + size_of(debug_fd),
	};
	int err = elf_child__run(&child, &t->result, why);
	const struct types_image *image = t->result.data;

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

static const struct type_record *find(const struct elf_types *t, uint64_t offset)
{
	const struct type_record key = { .offset = offset };

	return t->n ? bsearch(&key, t->records, t->n, sizeof(key), type_record__by_offset) : NULL;
}

uint64_t elf_types__die(const struct elf_types *t, uint64_t offset)
{
	const struct type_record *found = find(t, offset);

	return found ? found->die : 0;
}

bool elf_types__find(const struct elf_types *t, uint64_t offset, const char *name,
		     struct elf_function_type *out)
{
	const struct type_record *found = find(t, offset);

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
