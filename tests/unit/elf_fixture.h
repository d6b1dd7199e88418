/* SPDX-License-Identifier: GPL-2.0-only */
/* Small ELF files that no compiler writes: one code segment, and any symbols. */
#pragma once

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>

#include "temp_dir.h"

#define ELF_FIXTURE_VADDR  0x401000 /* of the code */
#define ELF_FIXTURE_OFFSET 0x1000   /* of the code in the file */
#define ELF_FIXTURE_SIZE   0x1000

/* The directory of a test's files. */
static char *elf_dir;

static inline int elf_dir__make(void **state)
{
	elf_dir = temp_dir__new();
	return 0;
}

static inline int elf_dir__remove(void **state)
{
	temp_dir__remove(elf_dir);
	return 0;
}

/* Address of a byte of the code, and its offset in the file. */
#define CODE(n)	  (ELF_FIXTURE_VADDR + (n))
#define OFFSET(n) (ELF_FIXTURE_OFFSET + (n))

struct elf_fixture_symbol {
	const char *name;
	uint64_t addr;
	int type;
	bool dynamic, hidden; /* in .dynsym; not the default version there */
	bool undefined;
	uint64_t size;
};

struct elf_fixture_section {
	const char *name;
	int type;
	const void *data;
	size_t size;
};

struct elf_fixture {
	int machine, type;
	const char *section; /* an additional empty section, or NULL */
	const struct elf_fixture_symbol *symbols;
	size_t nsymbols;
	uint64_t entry;
	const struct elf_fixture_section *more;
	size_t nmore;
};

struct elf_fixture_table {
	GElf_Sym symbols[32];
	GElf_Versym versions[32];
	char names[1024];
	size_t n, len;
};

static inline void elf_fixture__collect(const struct elf_fixture *f, bool dynamic,
					struct elf_fixture_table *out)
{
	memset(out, 0, sizeof(*out));
	out->n = out->len = 1; /* the null symbol and the empty name */
	for (size_t i = 0; i < f->nsymbols; i++) {
		const struct elf_fixture_symbol *s = &f->symbols[i];

		if (s->dynamic != dynamic)
			continue;
		out->symbols[out->n] = (GElf_Sym){
			.st_name = out->len,
			.st_value = s->addr,
			.st_size = s->size,
			.st_info = GELF_ST_INFO(STB_GLOBAL, s->type),
			.st_shndx = s->undefined ? SHN_UNDEF : 1,
		};
		out->versions[out->n++] = s->hidden ? 0x8002 : 2;
		strcpy(out->names + out->len, s->name);
		out->len += strlen(s->name) + 1;
	}
}

static inline Elf_Scn *elf_fixture__section(Elf *elf, int name, int type, Elf_Type data_type,
					    void *bytes, size_t len, size_t entry)
{
	Elf_Scn *section = elf_newscn(elf);
	Elf_Data *data = elf_newdata(section);
	GElf_Shdr header;

	data->d_buf = bytes;
	data->d_size = len;
	data->d_type = data_type;
	data->d_align = 8;
	data->d_version = EV_CURRENT;
	gelf_getshdr(section, &header);
	header.sh_name = name;
	header.sh_type = type;
	header.sh_entsize = entry;
	gelf_update_shdr(section, &header);
	return section;
}

static inline void elf_fixture__link(Elf_Scn *section, Elf_Scn *to)
{
	GElf_Shdr header;

	gelf_getshdr(section, &header);
	header.sh_link = elf_ndxscn(to);
	gelf_update_shdr(section, &header);
}

static inline void elf_fixture__table(Elf *elf, struct elf_fixture_table *t, bool dynamic)
{
	Elf_Scn *symbols, *names, *versions;

	if (t->n == 1)
		return;
	symbols = elf_fixture__section(elf, 1, dynamic ? SHT_DYNSYM : SHT_SYMTAB, ELF_T_SYM,
				       t->symbols, t->n * sizeof(GElf_Sym), sizeof(GElf_Sym));
	names = elf_fixture__section(elf, 1, SHT_STRTAB, ELF_T_BYTE, t->names, t->len, 0);
	elf_fixture__link(symbols, names);
	if (!dynamic)
		return;
	versions = elf_fixture__section(elf, 1, SHT_GNU_versym, ELF_T_HALF, t->versions,
					t->n * sizeof(GElf_Versym), sizeof(GElf_Versym));
	elf_fixture__link(versions, symbols);
}

static inline void elf_fixture__headers(Elf *elf, const struct elf_fixture *f)
{
	GElf_Ehdr header;
	GElf_Phdr segment;

	assert_non_null(gelf_newehdr(elf, ELFCLASS64));
	assert_non_null(gelf_newphdr(elf, 2));
	gelf_getehdr(elf, &header);
	header.e_machine = f->machine;
	header.e_type = f->type;
	header.e_version = EV_CURRENT;
	header.e_entry = f->entry;
	gelf_update_ehdr(elf, &header);

	gelf_getphdr(elf, 0, &segment); /* data before the code, which must not be taken for it */
	segment = (GElf_Phdr){ .p_type = PT_LOAD,
			       .p_flags = PF_R | PF_W,
			       .p_vaddr = 0x500000,
			       .p_filesz = 0x1000,
			       .p_memsz = 0x1000 };
	gelf_update_phdr(elf, 0, &segment);
	segment = (GElf_Phdr){ .p_type = PT_LOAD,
			       .p_flags = PF_R | PF_X,
			       .p_vaddr = ELF_FIXTURE_VADDR,
			       .p_offset = ELF_FIXTURE_OFFSET,
			       .p_filesz = ELF_FIXTURE_SIZE,
			       .p_memsz = 2 * ELF_FIXTURE_SIZE };
	gelf_update_phdr(elf, 1, &segment);
}

/* Names begin at offset 64. */
static inline void elf_fixture__more(Elf *elf, const struct elf_fixture *f, char *names,
				     size_t size)
{
	size_t at = 64;

	for (size_t i = 0; i < f->nmore; i++) {
		const struct elf_fixture_section *s = &f->more[i];

		assert_true(at + strlen(s->name) < size);
		strcpy(names + at, s->name);
		elf_fixture__section(elf, at, s->type, ELF_T_BYTE, (void *)s->data, s->size, 0);
		at += strlen(s->name) + 1;
	}
}

/* Writes DIR/NAME. The caller frees the path. */
static inline char *elf_fixture__write(const char *dir, const char *name,
				       const struct elf_fixture *f)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	static struct elf_fixture_table symtab, dynsym;
	char names[256] = "\0.x", code[16] = { 0 };
	GElf_Ehdr header;
	Elf_Scn *last;
	Elf *elf;

	assert_true(fd >= 0);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_WRITE, NULL);
	assert_non_null(elf);
	elf_fixture__headers(elf, f);
	elf_fixture__collect(f, false, &symtab);
	elf_fixture__collect(f, true, &dynsym);

	elf_fixture__section(elf, 1, SHT_PROGBITS, ELF_T_BYTE, code, sizeof(code), 0);
	elf_fixture__table(elf, &symtab, false);
	elf_fixture__table(elf, &dynsym, true);
	if (f->section) {
		strcpy(names + 8, f->section);
		elf_fixture__section(elf, 8, SHT_PROGBITS, ELF_T_BYTE, code, sizeof(code), 0);
	}
	elf_fixture__more(elf, f, names, sizeof(names));
	last = elf_fixture__section(elf, 1, SHT_STRTAB, ELF_T_BYTE, names, sizeof(names), 0);
	gelf_getehdr(elf, &header);
	header.e_shstrndx = elf_ndxscn(last);
	gelf_update_ehdr(elf, &header);
	assert_true(elf_update(elf, ELF_C_WRITE) > 0);
	elf_end(elf);
	/* The code exists, if only as a hole. */
	if (lseek(fd, 0, SEEK_END) < ELF_FIXTURE_OFFSET + ELF_FIXTURE_SIZE)
		assert_int_equal(ftruncate(fd, ELF_FIXTURE_OFFSET + ELF_FIXTURE_SIZE), 0);
	close(fd);
	return path;
}

#if defined(__x86_64__)
#define ELF_FIXTURE_MACHINE EM_X86_64
#define ELF_FIXTURE_FOREIGN EM_AARCH64
#else
#define ELF_FIXTURE_MACHINE EM_AARCH64
#define ELF_FIXTURE_FOREIGN EM_X86_64
#endif
