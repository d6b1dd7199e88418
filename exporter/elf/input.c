/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies parts of the file instead of mapping it, because others may truncate it meanwhile. Only
 * the needed parts are read, so false sizes in the file cost nothing.
 */
#include "elf/input.h"

#include <errno.h>
#include <stdarg.h>

#include "files/confined.h"
#include "elf/image.h"

#define SECTION_NAMES_MAX (16 << 20)
#define NOTES_MAX	  (64 << 10)

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

int elf_input__refuse(struct elf_input *in, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(in->why, CONFINED_WHY, fmt, ap);
	va_end(ap);
	return -ENOENT;
}

int elf_input__damaged(struct elf_input *in, const char *what)
{
	return elf_input__refuse(in, "%s is damaged: %s", in->path, what);
}

int elf_input__beyond(struct elf_input *in, const char *limit)
{
	return elf_input__refuse(in, "%s is not read: %s", in->path, limit);
}

int elf_input__read(struct elf_input *in, uint64_t offset, void *out, size_t len)
{
	size_t done = 0;

	if (offset > ELF_FILE_MAX || len > ELF_FILE_MAX - offset)
		return elf_input__damaged(in, "a part of it lies beyond its end");
	if (in->data) {
		if (offset > in->size || len > in->size - offset)
			return elf_input__damaged(in, "a part of it lies beyond its end");
		memcpy(out, in->data + offset, len);
		return 0;
	}
	while (done < len) {
		ssize_t n = TEMP_FAILURE_RETRY(
			pread(in->fd, (char *)out + done, len - done, (off_t)(offset + done)));

		if (n < 0)
			return elf_input__refuse(in, "cannot read %s: %s", in->path,
						 strerror(errno));
		if (!n)
			return elf_input__damaged(in, "a part of it lies beyond its end");
		done += n;
	}
	return 0;
}

static int read_header(struct elf_input *in)
{
	Elf64_Ehdr *h = &in->header;

	if (in->size < sizeof(h->e_ident) ||
	    elf_input__read(in, 0, h->e_ident, sizeof(h->e_ident)) ||
	    memcmp(h->e_ident, ELFMAG, SELFMAG))
		return elf_input__refuse(
			in,
			"%s is not an ELF file: name the program or library itself, not a "
			"script or a linker's text file",
			in->path);
	if (in->size > ELF_FILE_MAX)
		return elf_input__beyond(in, "it is larger than 2 GiB");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != OUR_ORDER)
		h->e_machine = EM_NONE;
	else if (elf_input__read(in, 0, h, sizeof(*h)))
		return -ENOENT;
	if (h->e_machine != OUR_MACHINE)
		return elf_input__refuse(
			in,
			"%s is for another architecture: only 64-bit programs of this "
			"machine's own can be probed",
			in->path);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return elf_input__refuse(in, "%s is neither a program nor a library", in->path);
	return 0;
}

static int read_section_names(struct elf_input *in)
{
	size_t section = in->header.e_shstrndx;

	if (section == SHN_XINDEX && in->nsections)
		section = in->sections[0].sh_link;
	if (!section || !in->nsections)
		return 0;
	if (section >= in->nsections || in->sections[section].sh_type != SHT_STRTAB)
		return elf_input__damaged(in, "its sections have no names");
	in->nsection_names = in->sections[section].sh_size + 1;
	in->section_names = elf_input__content(in, &in->sections[section], SECTION_NAMES_MAX);
	return in->section_names ? 0 : elf_input__damaged(in, "its sections have no names");
}

static int read_sections(struct elf_input *in)
{
	const Elf64_Ehdr *h = &in->header;
	Elf64_Shdr first;
	int err;

	if (!h->e_shoff)
		return 0;
	if (h->e_shentsize != sizeof(Elf64_Shdr))
		return elf_input__damaged(in, "its sections have a size that is not theirs");
	err = elf_input__read(in, h->e_shoff, &first, sizeof(first));
	if (err)
		return err;
	in->nsections = h->e_shnum ? h->e_shnum : first.sh_size;
	if (in->nsections > ELF_SECTIONS_MAX) {
		in->nsections = 0;
		return elf_input__beyond(in, "it has more than 65536 sections");
	}
	in->sections = calloc(in->nsections + 1, sizeof(*in->sections));
	if (!in->sections)
		return -ENOMEM;
	err = elf_input__read(in, h->e_shoff, in->sections, in->nsections * sizeof(*in->sections));
	return err ? err : read_section_names(in);
}

int elf_input__open(struct elf_input *in, int fd, const void *data, size_t size, const char *path,
		    char *why)
{
	off_t end = data ? (off_t)size : lseek(fd, 0, SEEK_END);
	int err;

	*in = (struct elf_input){ .fd = fd, .data = data, .path = path, .why = why };
	if (end < 0)
		return elf_input__refuse(in, "cannot read %s: %s", path, strerror(errno));
	in->size = end;
	err = read_header(in);
	return err ? err : read_sections(in);
}

void elf_input__close(struct elf_input *in)
{
	free(in->sections);
	free(in->section_names);
	in->sections = NULL;
	in->nsections = 0;
	in->section_names = NULL;
}

static bool has_bytes(const Elf64_Shdr *s)
{
	return s->sh_type != SHT_NULL && s->sh_type != SHT_NOBITS;
}

const Elf64_Shdr *elf_input__section_of_type(const struct elf_input *in, uint32_t type)
{
	for (size_t i = 0; i < in->nsections; i++)
		if (in->sections[i].sh_type == type)
			return &in->sections[i];
	return NULL;
}

const char *elf_input__name_of(const struct elf_input *in, const Elf64_Shdr *s)
{
	return in->section_names && s->sh_name < in->nsection_names ? in->section_names + s->sh_name
								    : "";
}

const Elf64_Shdr *elf_input__section_named(const struct elf_input *in, const char *name)
{
	for (size_t i = 1; i < in->nsections; i++)
		if (has_bytes(&in->sections[i]) &&
		    !strcmp(elf_input__name_of(in, &in->sections[i]), name))
			return &in->sections[i];
	return NULL;
}

char *elf_input__content(struct elf_input *in, const Elf64_Shdr *s, size_t max)
{
	char *bytes = s->sh_size > max || !has_bytes(s) ? NULL : calloc(s->sh_size + 1, 1);

	if (bytes && elf_input__read(in, s->sh_offset, bytes, s->sh_size)) {
		in->why[0] = '\0';
		free(take_ptr(bytes));
	}
	return bytes;
}

/* Finds a build-id among the notes of a section. */
static size_t find_build_id(const char *notes, size_t len, uint8_t *out, size_t max)
{
	Elf64_Nhdr note;

	for (size_t at = 0; at < len && len - at >= sizeof(note);) {
		size_t name = at + sizeof(note), value;

		memcpy(&note, notes + at, sizeof(note));
		value = name + ALIGN_UP((uint64_t)note.n_namesz, 4);
		if (value > len || note.n_descsz > len - value)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    !memcmp(notes + name, "GNU", sizeof("GNU")) && note.n_descsz <= max) {
			memcpy(out, notes + value, note.n_descsz);
			return note.n_descsz;
		}
		at = value + ALIGN_UP((uint64_t)note.n_descsz, 4);
	}
	return 0;
}

size_t elf_input__build_id(struct elf_input *in, uint8_t *out, size_t max)
{
	size_t found = 0;

	for (size_t i = 1; i < in->nsections && !found; i++) {
		const Elf64_Shdr *s = &in->sections[i];
		__cleanup_free char *notes =
			s->sh_type == SHT_NOTE ? elf_input__content(in, s, NOTES_MAX) : NULL;

		if (notes)
			found = find_build_id(notes, s->sh_size, out, max);
	}
	return found;
}
