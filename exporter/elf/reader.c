/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file may be hostile, so it is read in a confined child (files/confined.h).
 *
 * A uprobe needs an offset in the file: a symbol's address is translated by the segment that maps
 * it. .symtab lists all functions; .dynsym lists exported functions only, and is all that a
 * stripped file has. Further symbols of a stripped file are in its debug file or in .gnu_debugdata
 * (elf/debug.h). Their addresses are translated by the file's own segments, too.
 *
 * A library may export several versions of a name (memcpy@GLIBC_2.2.5, memcpy@@GLIBC_2.14). The
 * name means the version that a program linked today gets: .gnu.version marks it in .dynsym, "@@"
 * in .symtab. Names stay in their table: each is cut at its first '@' to remove the version.
 */
#include "elf/reader.h"

#include <errno.h>

#include "elf/code.h"
#include "elf/debug.h"
#include "elf/dynamic.h"
#include "elf/image.h"
#include "elf/hazards.h"
#include "elf/usdt.h"

#define VERSION_HIDDEN 0x8000 /* of a .gnu.version entry: not the default version */
#define CHUNK	       1024   /* symbols at a time */
#define TABLES	       3

/* A table of symbols. */
struct table {
	struct elf_input *in;
	const Elf64_Shdr *section, *versions;
	uint32_t names_at, names_end;
	size_t n;
};

struct reader {
	struct elf_input in; /* the file itself */
	struct elf_image *image;
	char *names;		  /* in the image */
	size_t max;		  /* of the image */
	size_t scanned;		  /* bytes of names that were scanned */
	uint32_t notes_at, notes; /* bytes of USDT probes among the names */
	Elf64_Phdr *segments;	  /* of code first, then of data */
	size_t ncode;
	size_t nsegments;
	uint64_t nsymbols; /* entries of all tables */
	struct table tables[TABLES];
	size_t ntables;
};

static int add_segments(struct reader *r, bool is_code)
{
	const Elf64_Ehdr *h = &r->in.header;

	for (size_t i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr segment;
		int err = elf_input__read(&r->in, h->e_phoff + i * sizeof(segment), &segment,
					  sizeof(segment));

		if (err)
			return err;
		if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X) == is_code)
			continue;
		if (r->nsegments == ELF_SEGMENTS_MAX)
			return elf_input__beyond(&r->in, "it has more than 128 segments");
		r->segments[r->nsegments++] = segment;
	}
	return 0;
}

static int read_segments(struct reader *r)
{
	const Elf64_Ehdr *h = &r->in.header;
	int err;

	if (h->e_phnum && h->e_phentsize != sizeof(Elf64_Phdr))
		return elf_input__damaged(&r->in, "its segments have a size that is not theirs");
	r->segments = calloc(ELF_SEGMENTS_MAX, sizeof(*r->segments));
	if (!r->segments)
		return -ENOMEM;
	err = add_segments(r, true);
	r->ncode = r->nsegments;
	return err ? err : add_segments(r, false);
}

/* Uses the size in the file: the zeroes that follow it in memory are not code. */
static bool offset_of(const struct reader *r, uint64_t addr, bool is_code, uint64_t *offset)
{
	for (size_t i = is_code ? 0 : r->ncode; i < (is_code ? r->ncode : r->nsegments); i++) {
		const Elf64_Phdr *s = &r->segments[i];

		if (addr < s->p_vaddr || addr - s->p_vaddr >= s->p_filesz)
			continue;
		*offset = addr - s->p_vaddr + s->p_offset;
		return *offset < r->image->file_size;
	}
	return false;
}

/* Adds a table of names to the image, at offset *at. */
static int read_names(struct reader *r, struct elf_input *in, size_t section, uint32_t *at)
{
	struct elf_image *image = r->image;
	const Elf64_Shdr *s;
	size_t room = r->max - sizeof(*image) - image->names;
	int err;

	if (section >= in->nsections || in->sections[section].sh_type != SHT_STRTAB)
		return elf_input__damaged(in, "its symbols have no names");
	s = &in->sections[section];
	if (s->sh_size > ELF_TABLE_MAX)
		return elf_input__beyond(in, "the names of its symbols take more than 256 MiB");
	if (s->sh_size + 1 > room)
		return elf_input__beyond(in, "its symbols take more than 128 MiB");
	*at = image->names;
	err = elf_input__read(in, s->sh_offset, r->names + *at, s->sh_size);
	image->names += s->sh_size + 1; /* ends in a 0, as the memory is zeroed */
	return err;
}

/* The notes of USDT probes, whose texts become names. They are left out if they are too large, or
 * damaged: other probes do not need them. */
static void read_notes(struct reader *r)
{
	const Elf64_Shdr *s = elf_input__section_named(&r->in, ".note.stapsdt");
	struct elf_image *image = r->image;

	if (!s || s->sh_size > ELF_NOTES_MAX ||
	    s->sh_size + 1 > r->max - sizeof(*image) - image->names)
		return;
	r->notes_at = image->names;
	image->names += s->sh_size + 1;
	if (elf_input__read(&r->in, s->sh_offset, r->names + r->notes_at, s->sh_size))
		*r->in.why = '\0';
	else
		r->notes = s->sh_size;
}

/* ---- symbols -------------------------------------------------------------------------------- */

static struct elf_record *records(struct elf_image *image)
{
	return (struct elf_record *)((char *)image + image->records_at);
}

static int add_record(struct reader *r, struct elf_input *in, const struct elf_record *record)
{
	struct elf_image *image = r->image;

	if (image->records_at + (image->records + 1ULL) * sizeof(*record) > r->max)
		return elf_input__beyond(in, "its symbols take more than 128 MiB");
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
		return elf_input__beyond(t->in, "a symbol's name is longer than 4096 bytes");
	r->scanned += len;
	if (r->scanned > ELF_NAMES_MAX)
		return elf_input__beyond(t->in, "the names of its symbols take more than 256 MiB");
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
	    !offset_of(r, sym->st_value, true, &offset))
		return 0;
	if (type == STT_GNU_IFUNC)
		record.copies |= ELF_RECORD_IFUNC;
	if (version & VERSION_HIDDEN)
		record.copies |= ELF_RECORD_OLD;
	if (t->in != &r->in)
		record.copies |= ELF_RECORD_DEBUG;
	record.offset = offset;
	record.size = sym->st_size <= r->image->file_size - offset ? sym->st_size : 0;
	return add_record(r, t->in, &record);
}

static int read_chunk(struct reader *r, const struct table *t, size_t first, size_t n)
{
	Elf64_Sym symbols[CHUNK];
	uint16_t versions[CHUNK] = { 0 };
	int err = elf_input__read(t->in, t->section->sh_offset + first * sizeof(*symbols), symbols,
				  n * sizeof(*symbols));

	if (!err && t->versions)
		err = elf_input__read(t->in, t->versions->sh_offset + first * sizeof(*versions),
				      versions, n * sizeof(*versions));
	for (size_t i = 0; i < n && !err; i++)
		err = add_symbol(r, t, &symbols[i], versions[i]);
	return err;
}

static int check_table(struct reader *r, struct elf_input *in, const Elf64_Shdr *s)
{
	if (s->sh_entsize != sizeof(Elf64_Sym))
		return elf_input__damaged(in, "its symbols have a size that is not theirs");
	if (s->sh_size > ELF_TABLE_MAX)
		return elf_input__beyond(in, "its symbol table is larger than 256 MiB");
	r->nsymbols += s->sh_size / sizeof(Elf64_Sym);
	if (r->nsymbols > ELF_SYMBOLS_MAX)
		return elf_input__beyond(in, "it has more than 8 million symbols");
	return 0;
}

/* Reads the names of a table (NULL: does nothing). All names are read before the first record,
 * since the records follow the names. */
static int open_table(struct reader *r, struct elf_input *in, const Elf64_Shdr *s)
{
	struct table *t = &r->tables[r->ntables];
	int err;

	if (!s)
		return 0;
	*t = (struct table){ .in = in, .section = s, .n = s->sh_size / sizeof(Elf64_Sym) };
	err = check_table(r, in, s);
	if (!err)
		err = read_names(r, in, s->sh_link, &t->names_at);
	if (err)
		return err;
	t->names_end = r->image->names;
	r->ntables++;
	return 0;
}

static int open_exported(struct reader *r)
{
	struct table *t = &r->tables[r->ntables];
	size_t before = r->ntables;
	const Elf64_Shdr *versions = elf_input__section_of_type(&r->in, SHT_GNU_versym);
	int err = open_table(r, &r->in, elf_input__section_of_type(&r->in, SHT_DYNSYM));

	if (r->ntables > before && versions && versions->sh_size / sizeof(uint16_t) >= t->n)
		t->versions = versions;
	return err;
}

static int read_table(struct reader *r, const struct table *t)
{
	int err = 0;

	for (size_t i = 0; i < t->n && !err; i += CHUNK)
		err = read_chunk(r, t, i, t->n - i < CHUNK ? t->n - i : CHUNK);
	return err;
}

/* Broken debug symbols are left out; the file's own symbols stay. */
static int forgive(struct reader *r, size_t kept)
{
	const char *why = *r->in.why ? r->in.why : "there is not enough memory";

	snprintf(r->image->debug_why, sizeof(r->image->debug_why), "%.200s", why);
	*r->in.why = '\0';
	r->image->records = kept;
	r->image->has_symtab = 0;
	return 0;
}

static int read_tables(struct reader *r, struct elf_input *debug)
{
	int err = 0;

	r->image->records_at = ALIGN_UP(sizeof(*r->image) + r->image->names, 8);
	for (size_t i = 0; i < r->ntables && !err; i++) {
		size_t kept = r->image->records;

		err = read_table(r, &r->tables[i]);
		if (err && r->tables[i].in == debug)
			err = forgive(r, kept);
	}
	return err;
}

/* debug: as opened by elf_debug__open(). */
static int read_symbols(struct reader *r, struct elf_input *debug)
{
	const Elf64_Shdr *own = elf_input__section_of_type(&r->in, SHT_SYMTAB);
	const Elf64_Shdr *theirs = elf_input__section_of_type(debug, SHT_SYMTAB);
	int err = open_table(r, &r->in, own);

	r->image->has_symtab = own || theirs;
	if (!err)
		err = open_exported(r);
	if (!err && open_table(r, debug, own ? NULL : theirs))
		err = forgive(r, 0);
	if (err)
		return err;
	read_notes(r);
	return read_tables(r, debug);
}

static void read_section_names(struct reader *r)
{
	for (size_t i = 1; i < r->in.nsections; i++) {
		const Elf64_Shdr *s = &r->in.sections[i];

		if (s->sh_type != SHT_NULL && s->sh_type != SHT_NOBITS)
			r->image->hazards |= hazards__of_section(elf_input__name_of(&r->in, s));
	}
}

/* ---- one entry per name --------------------------------------------------------------------- */

static int compare(const void *a, const void *b, void *ctx)
{
	const char *names = ctx;
	const struct elf_record *x = a, *y = b;
	uint32_t flags_x = x->copies & ELF_RECORD_FLAGS, flags_y = y->copies & ELF_RECORD_FLAGS;
	int order = x->name == y->name ? 0 : strcmp(names + x->name, names + y->name);

	if (!order)
		order = !!(flags_x & ELF_RECORD_OLD) - !!(flags_y & ELF_RECORD_OLD);
	if (!order)
		order = !!(flags_x & ELF_RECORD_DEBUG) - !!(flags_y & ELF_RECORD_DEBUG);
	if (!order)
		order = !!(flags_x & ELF_RECORD_IFUNC) - !!(flags_y & ELF_RECORD_IFUNC);
	if (!order)
		order = x->offset < y->offset ? -1 : x->offset > y->offset;
	return order;
}

/* Keeps one record per name. The current version comes first, then the file's own symbols, then
 * functions that are not indirect. */
static void merge(struct reader *r)
{
	struct elf_record *v = records(r->image);
	size_t n = r->image->records, kept = 0;
	uint32_t last;

	for (char *p = r->names, *end = p + r->image->names - r->notes;
	     (p = memchr(p, '@', end - p));)
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
		if ((s->copies ^ v[i].copies) & ELF_RECORD_FLAGS || last == v[i].offset)
			continue;
		s->copies++;
		last = v[i].offset;
	}
	r->image->records = kept + 1;
}

static void read_code(struct reader *r)
{
	struct elf_record *v = records(r->image);

	for (size_t i = 0; i < r->image->records; i++)
		if (elf_code__is_misrun(&r->in, v[i].offset))
			v[i].copies |= ELF_RECORD_MISRUN;
}

static bool exported_at(void *ctx, const Elf64_Sym *sym, uint32_t *offset, uint32_t *size)
{
	const struct reader *r = ctx;
	uint64_t at;

	if (!offset_of(r, sym->st_value, true, &at))
		return false;
	*offset = at;
	*size = sym->st_size <= r->image->file_size - at ? sym->st_size : 0;
	return true;
}

/* Appends the dynamic records, as many as fit. Errors only leave some of them out. */
static void read_dynamics(struct reader *r)
{
	size_t end = r->image->records_at + r->image->records * sizeof(struct elf_record);
	struct elf_dynamics d = {
		.in = &r->in,
		.names = r->names,
		.locate = exported_at,
		.ctx = r,
		.out = (void *)((char *)r->image + end),
		.max = (r->max - end) / sizeof(struct elf_dynamic_record),
	};

	for (size_t i = 0; i < r->ntables; i++) {
		const struct table *t = &r->tables[i];

		if (t->in != &r->in || t->section->sh_type != SHT_DYNSYM)
			continue;
		d.symbols = t->section;
		d.versions = t->versions;
		d.names_at = t->names_at;
		d.names_end = t->names_end;
		r->image->dynamics = elf_dynamic__read(&d);
	}
	*r->in.why = '\0';
}

static bool locate_usdt(void *ctx, uint64_t addr, bool is_code, uint64_t *offset)
{
	return offset_of(ctx, addr, is_code, offset);
}

static void read_usdts(struct reader *r)
{
	size_t end = r->image->records_at + r->image->records * sizeof(struct elf_record) +
		     r->image->dynamics * sizeof(struct elf_dynamic_record);
	const struct elf_usdts u = {
		.in = &r->in,
		.names = r->names,
		.notes_at = r->notes_at,
		.notes = r->notes,
		.locate = locate_usdt,
		.ctx = r,
		.out = (void *)((char *)r->image + end),
		.max = (r->max - end) / sizeof(struct elf_usdt_record),
	};

	r->image->usdts = elf_usdt__read(&u);
	*r->in.why = '\0';
}

static int read_file(struct reader *r, int debug_fd)
{
	struct elf_debug debug = {};
	uint64_t entry = 0;
	int err = read_segments(r);

	if (err)
		return err;
	r->image->file_size = r->in.size;
	if (r->in.header.e_entry && offset_of(r, r->in.header.e_entry, true, &entry))
		r->image->entry = entry;
	read_section_names(r);
	elf_debug__read_link(&r->in, &r->image->debug_link);
	if (!elf_input__section_of_type(&r->in, SHT_SYMTAB) &&
	    elf_debug__open(&debug, &r->in, debug_fd, &r->image->debug_link)) {
		forgive(r, 0);
		elf_debug__close(&debug);
	}
	err = read_symbols(r, &debug.in);
	if (!err && r->image->records)
		merge(r);
	if (!err)
		read_code(r);
	if (!err) {
		read_dynamics(r);
		read_usdts(r);
	}
	elf_debug__close(&debug);
	return err;
}

int64_t elf_reader__make_image(int fd, int debug_fd, const char *path, void *out, size_t max,
			       char *why)
{
	struct reader r = {
		.image = out,
		.names = (char *)out + sizeof(struct elf_image),
		.max = max,
	};
	int err;

	*r.image = (struct elf_image){ .magic = ELF_IMAGE_MAGIC,
				       .names = 1 }; /* starts with the empty name */
	err = elf_input__open(&r.in, fd, NULL, 0, path, why);
	if (!err)
		err = read_file(&r, debug_fd);
	free(r.segments);
	elf_input__close(&r.in);
	if (err)
		return err;
	return r.image->records_at + (int64_t)r.image->records * sizeof(struct elf_record) +
	       (int64_t)r.image->dynamics * sizeof(struct elf_dynamic_record) +
	       (int64_t)r.image->usdts * sizeof(struct elf_usdt_record);
}
