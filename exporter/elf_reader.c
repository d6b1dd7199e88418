/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a file that somebody may have made to do harm: in a child that can do nothing (confined.h),
 * piece by piece into memory of our own, so that it may be cut short meanwhile, and never more than
 * is wanted, so that what it claims of its size costs nothing.
 *
 * A uprobe is set at an offset in a file, so a symbol's address is turned into one by the segment
 * that would map it. Functions are in .symtab, and those that a library exports also in .dynsym,
 * which is all that remains of a stripped file.
 *
 * A library may export several versions of a name (memcpy@GLIBC_2.2.5, memcpy@@GLIBC_2.14): the one
 * meant is what a program linked today would get, which .gnu.version marks in .dynsym, and "@@" in
 * .symtab. Names stay where their table has them: versions are cut off by ending every name there
 * at its first '@'.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>

#include "confined.h"
#include "elf_image.h"
#include "hazards.h"

#define VERSION_HIDDEN 0x8000 /* of a .gnu.version entry: not the default version */
#define CHUNK	       1024   /* symbols at a time */

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#elif defined(__s390x__)
#define OUR_MACHINE EM_S390
#elif defined(__powerpc64__)
#define OUR_MACHINE EM_PPC64
#elif defined(__riscv)
#define OUR_MACHINE EM_RISCV
#else
#error "which ELF machine is this?"
#endif

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

struct reader {
	int fd;
	const char *path;
	char *why;
	struct elf_image *image;
	char *names;	/* in the image */
	size_t max;	/* of the image */
	size_t scanned; /* bytes of names that were looked at */
	Elf64_Ehdr header;
	Elf64_Phdr *segments; /* the executable ones */
	size_t nsegments;
	Elf64_Shdr *sections;
	size_t nsections;
	uint64_t nsymbols; /* entries of all tables */
};

static int __printf_like(2, 3) refuse(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, CONFINED_WHY, fmt, ap);
	va_end(ap);
	return -ENOENT;
}

static int damaged(struct reader *r, const char *what)
{
	return refuse(r, "%s is damaged: %s", r->path, what);
}

static int beyond(struct reader *r, const char *what)
{
	return refuse(r, "%s is not read: %s", r->path, what);
}

/* All of it, or an error: it may be shorter by now than it was. */
static int read_at(struct reader *r, uint64_t offset, void *out, size_t len)
{
	size_t done = 0;

	if (offset > ELF_FILE_MAX || len > ELF_FILE_MAX - offset)
		return damaged(r, "a part of it lies beyond its end");
	while (done < len) {
		ssize_t n = TEMP_FAILURE_RETRY(
			pread(r->fd, (char *)out + done, len - done, (off_t)(offset + done)));

		if (n < 0)
			return refuse(r, "cannot read %s: %s", r->path, strerror(errno));
		if (!n)
			return damaged(r, "a part of it lies beyond its end");
		done += n;
	}
	return 0;
}

static int read_header(struct reader *r)
{
	off_t size = lseek(r->fd, 0, SEEK_END);
	Elf64_Ehdr *h = &r->header;

	if (size < 0)
		return refuse(r, "cannot read %s: %s", r->path, strerror(errno));
	if (size < (off_t)sizeof(h->e_ident) || read_at(r, 0, h->e_ident, sizeof(h->e_ident)) ||
	    memcmp(h->e_ident, ELFMAG, SELFMAG))
		return refuse(r,
			      "%s is not an ELF file: name the program or library itself, not a "
			      "script or a linker's text file",
			      r->path);
	if ((uint64_t)size > ELF_FILE_MAX)
		return beyond(r, "it is larger than 2 GiB");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != OUR_ORDER)
		h->e_machine = EM_NONE;
	else if (read_at(r, 0, h, sizeof(*h)))
		return -ENOENT;
	if (h->e_machine != OUR_MACHINE)
		return refuse(r,
			      "%s is for another architecture: only 64-bit programs of this "
			      "machine's own can be probed",
			      r->path);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return refuse(r, "%s is neither a program nor a library", r->path);
	r->image->file_size = size;
	return 0;
}

static int read_segments(struct reader *r)
{
	const Elf64_Ehdr *h = &r->header;

	if (h->e_phnum && h->e_phentsize != sizeof(Elf64_Phdr))
		return damaged(r, "its segments have a size that is not theirs");
	r->segments = calloc(ELF_SEGMENTS_MAX, sizeof(*r->segments));
	if (!r->segments)
		return -ENOMEM;
	for (size_t i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr segment;
		int err = read_at(r, h->e_phoff + i * sizeof(segment), &segment, sizeof(segment));

		if (err)
			return err;
		if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X))
			continue;
		if (r->nsegments == ELF_SEGMENTS_MAX)
			return beyond(r, "it has more than 128 segments of code");
		r->segments[r->nsegments++] = segment;
	}
	return 0;
}

static int read_sections(struct reader *r)
{
	const Elf64_Ehdr *h = &r->header;
	Elf64_Shdr first;
	int err;

	if (!h->e_shoff)
		return 0;
	if (h->e_shentsize != sizeof(Elf64_Shdr))
		return damaged(r, "its sections have a size that is not theirs");
	err = read_at(r, h->e_shoff, &first, sizeof(first));
	if (err)
		return err;
	r->nsections = h->e_shnum ? h->e_shnum : first.sh_size;
	if (r->nsections > ELF_SECTIONS_MAX)
		return beyond(r, "it has more than 65536 sections");
	r->sections = calloc(r->nsections + 1, sizeof(*r->sections));
	if (!r->sections)
		return -ENOMEM;
	return read_at(r, h->e_shoff, r->sections, r->nsections * sizeof(*r->sections));
}

static bool has_bytes(const Elf64_Shdr *s)
{
	return s->sh_type != SHT_NULL && s->sh_type != SHT_NOBITS;
}

/* Only what the file itself has: the zeroes that follow it in memory are no code. */
static bool offset_of(const struct reader *r, uint64_t addr, uint64_t *offset)
{
	for (size_t i = 0; i < r->nsegments; i++) {
		const Elf64_Phdr *s = &r->segments[i];

		if (addr < s->p_vaddr || addr - s->p_vaddr >= s->p_filesz)
			continue;
		*offset = addr - s->p_vaddr + s->p_offset;
		return *offset < r->image->file_size;
	}
	return false;
}

/* Adds a table of names to those of the image. *at: where it begins there. */
static int read_names(struct reader *r, size_t section, uint32_t *at)
{
	struct elf_image *image = r->image;
	const Elf64_Shdr *s;
	size_t room = r->max - sizeof(*image) - image->names;
	int err;

	if (section >= r->nsections || r->sections[section].sh_type != SHT_STRTAB)
		return damaged(r, "its symbols have no names");
	s = &r->sections[section];
	if (s->sh_size > ELF_TABLE_MAX)
		return beyond(r, "the names of its symbols take more than 256 MiB");
	if (s->sh_size + 1 > room)
		return beyond(r, "its symbols take more than 128 MiB");
	*at = image->names;
	err = read_at(r, s->sh_offset, r->names + *at, s->sh_size);
	image->names += s->sh_size + 1; /* that it ends is ours to see to: memory is 0 there */
	return err;
}

/* ---- symbols -------------------------------------------------------------------------------- */

/* A table of symbols, as it is gone through. */
struct table {
	const Elf64_Shdr *section, *versions;
	uint32_t names_at, names_end;
	size_t n;
};

static struct elf_record *records(struct elf_image *image)
{
	return (struct elf_record *)((char *)image + image->records_at);
}

static int add_record(struct reader *r, const struct elf_record *record)
{
	struct elf_image *image = r->image;

	if (image->records_at + (image->records + 1ULL) * sizeof(*record) > r->max)
		return beyond(r, "its symbols take more than 128 MiB");
	records(image)[image->records++] = *record;
	return 0;
}

static int add_symbol(struct reader *r, const struct table *t, const Elf64_Sym *sym,
		      uint16_t version)
{
	int type = ELF64_ST_TYPE(sym->st_info);
	struct elf_record record = { .name = t->names_at + sym->st_name, .copies = 1 };
	const char *name = r->names + record.name;
	uint64_t offset;
	size_t len, most;

	if (!sym->st_name || sym->st_name >= t->names_end - t->names_at)
		return 0;
	most = t->names_end - record.name;
	len = strnlen(name, most < ELF_NAME_MAX + 1 ? most : ELF_NAME_MAX + 1);
	if (len > ELF_NAME_MAX)
		return beyond(r, "a symbol's name is longer than 4096 bytes");
	r->scanned += len;
	if (r->scanned > ELF_NAMES_MAX)
		return beyond(r, "the names of its symbols take more than 256 MiB");
	if (memchr(name, '@', len)) {
		const char *at = memchr(name, '@', len);

		len = at - name;
		if (at[1] != '@')
			record.copies |= ELF_RECORD_OLD;
	}
	if (!len)
		return 0;
	r->image->hazards |= hazards__of_symbol(name, len);
	if (sym->st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_GNU_IFUNC) ||
	    !offset_of(r, sym->st_value, &offset))
		return 0;
	if (type == STT_GNU_IFUNC)
		record.copies |= ELF_RECORD_IFUNC;
	if (version & VERSION_HIDDEN)
		record.copies |= ELF_RECORD_OLD;
	record.offset = offset;
	record.size = sym->st_size <= r->image->file_size - offset ? sym->st_size : 0;
	return add_record(r, &record);
}

static int read_chunk(struct reader *r, const struct table *t, size_t first, size_t n)
{
	Elf64_Sym symbols[CHUNK];
	uint16_t versions[CHUNK] = { 0 };
	int err = read_at(r, t->section->sh_offset + first * sizeof(*symbols), symbols,
			  n * sizeof(*symbols));

	if (!err && t->versions)
		err = read_at(r, t->versions->sh_offset + first * sizeof(*versions), versions,
			      n * sizeof(*versions));
	for (size_t i = 0; i < n && !err; i++)
		err = add_symbol(r, t, &symbols[i], versions[i]);
	return err;
}

static int check_table(struct reader *r, const Elf64_Shdr *s)
{
	if (s->sh_entsize != sizeof(Elf64_Sym))
		return damaged(r, "its symbols have a size that is not theirs");
	if (s->sh_size > ELF_TABLE_MAX)
		return beyond(r, "its symbol table is larger than 256 MiB");
	r->nsymbols += s->sh_size / sizeof(Elf64_Sym);
	if (r->nsymbols > ELF_SYMBOLS_MAX)
		return beyond(r, "it has more than 8 million symbols");
	return 0;
}

/* Before any record, since these follow the names. */
static int open_table(struct reader *r, const Elf64_Shdr *s, struct table *t)
{
	int err = check_table(r, s);

	*t = (struct table){ .section = s, .n = s->sh_size / sizeof(Elf64_Sym) };
	if (!err)
		err = read_names(r, s->sh_link, &t->names_at);
	t->names_end = r->image->names;
	return err;
}

static int read_table(struct reader *r, const struct table *t)
{
	int err = 0;

	for (size_t i = 0; i < t->n && !err; i += CHUNK)
		err = read_chunk(r, t, i, t->n - i < CHUNK ? t->n - i : CHUNK);
	return err;
}

static const Elf64_Shdr *section_of_type(const struct reader *r, uint32_t type)
{
	for (size_t i = 0; i < r->nsections; i++)
		if (r->sections[i].sh_type == type)
			return &r->sections[i];
	return NULL;
}

static int read_symbols(struct reader *r)
{
	const Elf64_Shdr *symtab = section_of_type(r, SHT_SYMTAB);
	const Elf64_Shdr *dynsym = section_of_type(r, SHT_DYNSYM);
	const Elf64_Shdr *versions = section_of_type(r, SHT_GNU_versym);
	struct table own = {}, exported = {};
	int err = 0;

	r->image->has_symtab = symtab != NULL;
	if (symtab)
		err = open_table(r, symtab, &own);
	if (!err && dynsym)
		err = open_table(r, dynsym, &exported);
	if (!err && versions && versions->sh_size / sizeof(uint16_t) >= exported.n)
		exported.versions = versions;
	r->image->records_at = ALIGN_UP(sizeof(*r->image) + r->image->names, 8);
	if (!err)
		err = read_table(r, &own);
	if (!err)
		err = read_table(r, &exported);
	return err;
}

/* Its names are read behind what the image has, and left there for nobody. */
static int read_section_names(struct reader *r)
{
	uint32_t at, kept = r->image->names;
	size_t section = r->header.e_shstrndx;
	int err;

	if (section == SHN_XINDEX && r->nsections)
		section = r->sections[0].sh_link;
	if (!section || !r->nsections)
		return 0;
	err = read_names(r, section, &at);
	for (size_t i = 1; i < r->nsections && !err; i++)
		if (has_bytes(&r->sections[i]) && r->sections[i].sh_name < r->image->names - at)
			r->image->hazards |=
				hazards__of_section(r->names + at + r->sections[i].sh_name);
	memset(r->names + kept, 0, r->image->names - kept);
	r->image->names = kept;
	return err;
}

/* ---- one entry per name --------------------------------------------------------------------- */

static int compare(const void *a, const void *b, void *ctx)
{
	const char *names = ctx;
	const struct elf_record *x = a, *y = b;
	uint32_t flags_x = x->copies & ~ELF_RECORD_COPIES, flags_y = y->copies & ~ELF_RECORD_COPIES;
	int order = x->name == y->name ? 0 : strcmp(names + x->name, names + y->name);

	if (!order)
		order = !!(flags_x & ELF_RECORD_OLD) - !!(flags_y & ELF_RECORD_OLD);
	if (!order)
		order = !!(flags_x & ELF_RECORD_IFUNC) - !!(flags_y & ELF_RECORD_IFUNC);
	if (!order)
		order = x->offset < y->offset ? -1 : x->offset > y->offset;
	return order;
}

/* The current version's, and of those the one that is a function by itself. */
static void merge(struct reader *r)
{
	struct elf_record *v = records(r->image);
	size_t n = r->image->records, kept = 0;
	uint32_t last;

	for (char *p = r->names, *end = p + r->image->names; (p = memchr(p, '@', end - p));)
		*p = '\0';
	qsort_r(v, n, sizeof(*v), compare, r->names);
	last = v[0].offset;
	for (size_t i = 1; i < n; i++) {
		struct elf_record *s = &v[kept];

		if (strcmp(r->names + s->name, r->names + v[i].name)) {
			v[++kept] = v[i];
			last = v[i].offset;
			continue;
		}
		if ((s->copies ^ v[i].copies) & ~ELF_RECORD_COPIES || last == v[i].offset)
			continue;
		s->copies++;
		last = v[i].offset;
	}
	r->image->records = kept + 1;
}

static int read_file(struct reader *r)
{
	uint64_t entry = 0;
	int err = read_header(r);

	if (!err)
		err = read_segments(r);
	if (!err && r->header.e_entry && offset_of(r, r->header.e_entry, &entry))
		r->image->entry = entry;
	if (!err)
		err = read_sections(r);
	if (!err)
		err = read_section_names(r);
	if (!err)
		err = read_symbols(r);
	if (!err && !r->image->records)
		err = refuse(
			r,
			"%s has no function symbols, it was stripped: install or build it with "
			"its symbols",
			r->path);
	if (!err)
		merge(r);
	return err;
}

int64_t elf_image__make(int fd, const char *path, void *out, size_t max, char *why)
{
	struct reader r = {
		.fd = fd,
		.path = path,
		.why = why,
		.image = out,
		.names = (char *)out + sizeof(struct elf_image),
		.max = max,
	};
	int err;

	*r.image = (struct elf_image){ .magic = ELF_IMAGE_MAGIC };
	err = read_file(&r);
	free(r.segments);
	free(r.sections);
	if (err)
		return err;
	return r.image->records_at + (int64_t)r.image->records * sizeof(struct elf_record);
}
