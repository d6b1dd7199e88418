/* SPDX-License-Identifier: GPL-2.0-only */
/* Types come from the DWARF first; the BTF adds functions that the DWARF does not have. */
#include "elf/types_reader.h"

#include <errno.h>

#include "files/confined.h"
#include "elf/btf.h"
#include "elf/dwarf.h"
#include "elf/types_builder.h"

static int64_t write_image(struct types_builder *b, void *out, size_t max)
{
	struct types_image image = { TYPES_IMAGE_MAGIC, b->nrecords, b->nenumerators, 0 };
	const struct {
		const void *data;
		size_t size;
	} parts[] = {
		{ &image, sizeof(image) },
		{ b->records, b->nrecords * sizeof(*b->records) },
		{ b->enumerators, b->nenumerators * sizeof(*b->enumerators) },
		{ b->texts.data, b->texts.len },
	};
	size_t at = 0;

	if (b->texts.failed)
		return -ENOMEM;
	image.ntexts = b->texts.len;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].size > max - at)
			return -EMSGSIZE;
		if (parts[i].size)
			memcpy((char *)out + at, parts[i].data, parts[i].size);
		at += parts[i].size;
	}
	return at;
}

int64_t types_reader__make_image(int fd, int debug_fd, const char *path, void *out, size_t max,
				 char *why)
{
	struct types_builder *b = xcalloc(1, sizeof(*b));
	Elf *elf, *debug;
	int64_t err;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	debug = debug_fd < 0 ? elf : elf_begin(debug_fd, ELF_C_READ_MMAP, NULL);
	buf__putc(&b->texts, '\0');
	err = elf && debug ? segments__read(&b->segments, elf) : -ENOENT;
	if (!err)
		err = elf_dwarf__read(b, debug);
	types_builder__sort(b);
	/* A broken BTF does not matter if the DWARF has types. */
	if (!err && elf_btf__read(b, elf, debug) && !b->nrecords)
		err = -EBADMSG;
	types_builder__sort(b);
	if (!err)
		err = write_image(b, out, max);
	if (err < 0)
		snprintf(why, CONFINED_WHY, "the types of %s cannot be read: %s", path,
			 err == -EMSGSIZE ? "there are too many" : strerror(-err));
	if (debug != elf)
		elf_end(debug);
	elf_end(elf);
	free(b->records);
	free(b->enumerators);
	buf__free(&b->texts);
	free(b);
	return err;
}
