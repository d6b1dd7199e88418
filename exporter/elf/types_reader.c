/* SPDX-License-Identifier: GPL-2.0-only */
/* The image of a file's types, in a confined child: from its DWARF, and from its BTF what that does
 * not know. */
#include <ctype.h>
#include <errno.h>

#include "base/buf.h"
#include "files/confined.h"
#include "elf/types_reader.h"

uint32_t types_reader__text(struct types_reader *r, const char *text, size_t max)
{
	uint32_t at = r->texts.len;
	size_t len = strnlen(text, max + 1);
	bool cut = len > max;

	len = cut ? max - 3 : len;
	for (size_t i = 0; i < len; i++)
		buf__putc(&r->texts, iscntrl((unsigned char)text[i]) ? '?' : text[i]);
	if (cut)
		buf__puts(&r->texts, "...");
	buf__putc(&r->texts, '\0');
	return at;
}

bool types_reader__offset(const struct types_reader *r, uint64_t address, uint64_t *out)
{
	for (size_t i = 0; i < r->nsegments; i++) {
		const GElf_Phdr *s = &r->segments[i];

		if (address < s->p_vaddr || address - s->p_vaddr >= s->p_filesz)
			continue;
		*out = address - s->p_vaddr + s->p_offset;
		return true;
	}
	return false;
}

static int read_segments(struct types_reader *r, Elf *elf)
{
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return -ENOENT;
	for (size_t i = 0; i < n && r->nsegments < SEGMENTS_MAX; i++) {
		GElf_Phdr *s = &r->segments[r->nsegments];

		if (gelf_getphdr(elf, i, s) && s->p_type == PT_LOAD && s->p_flags & PF_X)
			r->nsegments++;
	}
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct type_record *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static uint32_t add_part(struct types_reader *r, uint64_t function,
			 void (*print)(const struct decl_types *, uint64_t, struct buf *))
{
	__cleanup_buf struct buf b = {};

	print(&r->types, function, &b);
	return types_reader__text(r, b.failed ? "" : buf__str(&b), TYPES_TEXT_MAX);
}

bool types_reader__is_full(const struct types_reader *r)
{
	return r->nrecords >= TYPES_MAX || r->texts.len > TYPES_IMAGE_MAX;
}

void types_reader__add(struct types_reader *r, const struct type_record *record, uint64_t function)
{
	struct type_record *new;

	if (r->nsorted && bsearch(record, r->records, r->nsorted, sizeof(*record), by_offset))
		return;
	new = array__grow(&r->records, &r->nrecords, sizeof(*new));
	*new = *record;
	new->result = add_part(r, function, declaration__before);
	new->parameters = add_part(r, function, declaration__behind);
}

/* Several at one place have one type, if they are not folded: of those, nobody knows. */
static void keep_one_of_each(struct types_reader *r)
{
	size_t kept = 0;

	if (r->nrecords)
		qsort(r->records, r->nrecords, sizeof(*r->records), by_offset);
	for (size_t i = 0; i < r->nrecords; i++)
		if (!kept || r->records[kept - 1].offset != r->records[i].offset)
			r->records[kept++] = r->records[i];
	r->nrecords = r->nsorted = kept;
}

static int64_t write_image(struct types_reader *r, void *out, size_t max)
{
	struct types_image image = { TYPES_IMAGE_MAGIC, r->nrecords, r->nenumerators, 0 };
	const struct {
		const void *data;
		size_t size;
	} parts[] = {
		{ &image, sizeof(image) },
		{ r->records, r->nrecords * sizeof(*r->records) },
		{ r->enumerators, r->nenumerators * sizeof(*r->enumerators) },
		{ r->texts.data, r->texts.len },
	};
	size_t at = 0;

	if (r->texts.failed)
		return -ENOMEM;
	image.ntexts = r->texts.len;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].size > max - at)
			return -EMSGSIZE;
		if (parts[i].size)
			memcpy((char *)out + at, parts[i].data, parts[i].size);
		at += parts[i].size;
	}
	return at;
}

int64_t types_image__make(int fd, int debug_fd, const char *path, void *out, size_t max, char *why)
{
	struct types_reader *r = xcalloc(1, sizeof(*r));
	Elf *elf, *debug;
	int64_t err;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	debug = debug_fd < 0 ? elf : elf_begin(debug_fd, ELF_C_READ_MMAP, NULL);
	buf__putc(&r->texts, '\0');
	err = elf && debug ? read_segments(r, elf) : -ENOENT;
	if (!err)
		err = elf_dwarf__read(r, debug);
	keep_one_of_each(r);
	/* What the DWARF says stands, whatever the BTF is. */
	if (!err && elf_btf__read(r, elf, debug) && !r->nrecords)
		err = -EBADMSG;
	keep_one_of_each(r);
	if (!err)
		err = write_image(r, out, max);
	if (err < 0)
		snprintf(why, CONFINED_WHY, "the types of %s cannot be read: %s", path,
			 err == -EMSGSIZE ? "there are too many" : strerror(-err));
	if (debug != elf)
		elf_end(debug);
	elf_end(elf);
	free(r->records);
	free(r->enumerators);
	buf__free(&r->texts);
	free(r);
	return err;
}
