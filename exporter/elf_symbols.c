/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A uprobe is set at an offset in a file, so a symbol's address is turned into one by the segment
 * that would map it. Functions are in .symtab, and those that a library exports also in .dynsym,
 * which is all that remains of a stripped file.
 *
 * A library may export several versions of a name (memcpy@GLIBC_2.2.5, memcpy@@GLIBC_2.14): the one
 * meant is what a program linked today would get, which .gnu.version marks in .dynsym, and "@@" in
 * .symtab. Go programs are refused: a return probe replaces the return address on the stack, and Go
 * moves its stacks and panics on an address that it does not know.
 */
#include "elf_symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <sys/stat.h>

#define VERSION_HIDDEN 0x8000 /* of a .gnu.version entry: not the default version */

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

struct elf_symbols {
	const char *path; /* the caller's, while opening */
	int fd;
	Elf *elf; /* names point into it */
	struct elf_symbol *v;
	size_t n;
	char **names; /* those that had a version cut off */
	size_t nnames;
	GElf_Phdr *segments; /* the executable ones */
	size_t nsegments;
	bool has_symtab;
};

static int __printf_like(3, 4) fail(char **why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(why, fmt, ap) < 0)
		*why = xstrdup("out of memory");
	va_end(ap);
	return err;
}

/* Without O_NONBLOCK, a FIFO of that name would hold us up. */
static int open_file(struct elf_symbols *e, char **why)
{
	struct stat st;

	e->fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (e->fd < 0 && errno == ENOENT)
		return fail(why, -ENOENT, "there is no file %s", e->path);
	if (e->fd < 0 || fstat(e->fd, &st))
		return fail(why, -ENOENT, "cannot read %s: %s", e->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(why, -ENOENT, "%s is not a file: name a program or a library", e->path);
	elf_version(EV_CURRENT);
	e->elf = elf_begin(e->fd, ELF_C_READ_MMAP, NULL);
	if (!e->elf || elf_kind(e->elf) != ELF_K_ELF)
		return fail(why, -ENOENT,
			    "%s is not an ELF file: name the program or library itself, not a "
			    "script or a linker's text file",
			    e->path);
	return 0;
}

static int check_header(struct elf_symbols *e, char **why)
{
	GElf_Ehdr header;

	if (!gelf_getehdr(e->elf, &header))
		return fail(why, -ENOENT, "%s is damaged: %s", e->path, elf_errmsg(-1));
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != OUR_MACHINE)
		return fail(why, -ENOENT,
			    "%s is for another architecture: only 64-bit programs of this "
			    "machine's own can be probed",
			    e->path);
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return fail(why, -ENOENT, "%s is neither a program nor a library", e->path);
	return 0;
}

static int read_segments(struct elf_symbols *e, char **why)
{
	size_t n;

	if (elf_getphdrnum(e->elf, &n))
		return fail(why, -ENOENT, "%s is damaged: %s", e->path, elf_errmsg(-1));
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(e->elf, i, &segment))
			return fail(why, -ENOENT, "%s is damaged: %s", e->path, elf_errmsg(-1));
		if (segment.p_type == PT_LOAD && segment.p_flags & PF_X)
			*(GElf_Phdr *)array__grow(&e->segments, &e->nsegments,
						  sizeof(*e->segments)) = segment;
	}
	return 0;
}

/* Only what the file itself has: the zeroes that follow it in memory are no code. */
static bool offset_of(const struct elf_symbols *e, uint64_t addr, uint64_t *offset)
{
	for (size_t i = 0; i < e->nsegments; i++) {
		const GElf_Phdr *s = &e->segments[i];

		if (addr >= s->p_vaddr && addr - s->p_vaddr < s->p_filesz) {
			*offset = addr - s->p_vaddr + s->p_offset;
			return true;
		}
	}
	return false;
}

/* Cuts "@VERSION" or "@@VERSION" off. */
static const char *plain_name(struct elf_symbols *e, const char *name, bool *old_version)
{
	const char *at = strchr(name, '@');
	char **slot;

	if (!at)
		return name;
	if (at[1] != '@')
		*old_version = true;
	slot = array__grow(&e->names, &e->nnames, sizeof(*e->names));
	*slot = xstrndup(name, at - name);
	return *slot;
}

static void add_symbols(struct elf_symbols *e, Elf_Scn *section, const GElf_Shdr *header,
			Elf_Data *versions)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;

	for (size_t i = 0; i < n; i++) {
		struct elf_symbol s = { .copies = 1 };
		GElf_Versym version;
		GElf_Sym sym;
		const char *name;
		int type;

		if (!gelf_getsym(data, i, &sym) || sym.st_shndx == SHN_UNDEF)
			continue;
		type = GELF_ST_TYPE(sym.st_info);
		if (type != STT_FUNC && type != STT_GNU_IFUNC)
			continue;
		name = elf_strptr(e->elf, header->sh_link, sym.st_name);
		if (!name || !*name || !offset_of(e, sym.st_value, &s.offset))
			continue;
		s.ifunc = type == STT_GNU_IFUNC;
		if (versions && gelf_getversym(versions, i, &version))
			s.old_version = version & VERSION_HIDDEN;
		s.name = plain_name(e, name, &s.old_version);
		*(struct elf_symbol *)array__grow(&e->v, &e->n, sizeof(*e->v)) = s;
	}
}

static bool is_go_section(const char *name)
{
	return !strcmp(name, ".gopclntab") || !strcmp(name, ".data.rel.ro.gopclntab") ||
	       !strcmp(name, ".go.buildinfo") || !strcmp(name, ".note.go.buildid");
}

static int read_sections(struct elf_symbols *e, char **why)
{
	Elf_Scn *section = NULL, *dynsym = NULL;
	GElf_Shdr header, dynsym_header;
	Elf_Data *versions = NULL;
	size_t names;

	if (elf_getshdrstrndx(e->elf, &names))
		return fail(why, -ENOENT, "%s is damaged: %s", e->path, elf_errmsg(-1));
	while ((section = elf_nextscn(e->elf, section))) {
		const char *name;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(e->elf, names, header.sh_name);
		if (name && is_go_section(name))
			return fail(why, -EPERM,
				    "a return probe crashes Go programs: their stacks move (%s is "
				    "one)",
				    e->path);
		if (header.sh_type == SHT_GNU_versym) {
			versions = elf_getdata(section, NULL);
		} else if (header.sh_type == SHT_SYMTAB) {
			e->has_symtab = true;
			add_symbols(e, section, &header, NULL);
		} else if (header.sh_type == SHT_DYNSYM) {
			dynsym = section;
			dynsym_header = header;
		}
	}
	if (dynsym)
		add_symbols(e, dynsym, &dynsym_header, versions);
	if (!e->n)
		return fail(why, -ENOENT,
			    "%s has no function symbols, it was stripped: install or build it with "
			    "its symbols",
			    e->path);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct elf_symbol *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (!order)
		order = x->old_version - y->old_version;
	if (!order)
		order = x->ifunc - y->ifunc;
	if (!order)
		order = x->offset < y->offset ? -1 : x->offset > y->offset;
	return order;
}

/* One entry per name: the current version's, and of those the one that is a function by itself. */
static void merge(struct elf_symbols *e)
{
	size_t kept = 0;
	uint64_t last;

	qsort(e->v, e->n, sizeof(*e->v), compare);
	last = e->v[0].offset;
	for (size_t i = 1; i < e->n; i++) {
		struct elf_symbol *s = &e->v[kept];

		if (strcmp(s->name, e->v[i].name)) {
			e->v[++kept] = e->v[i];
			last = e->v[i].offset;
			continue;
		}
		if (s->old_version != e->v[i].old_version || s->ifunc != e->v[i].ifunc ||
		    last == e->v[i].offset)
			continue;
		s->copies++;
		last = e->v[i].offset;
	}
	e->n = kept + 1;
}

int elf_symbols__open(const char *path, struct elf_symbols **out, char **why)
{
	struct elf_symbols *e = xcalloc(1, sizeof(*e));
	int err;

	e->path = path;
	e->fd = -1;
	err = open_file(e, why);
	if (!err)
		err = check_header(e, why);
	if (!err)
		err = read_segments(e, why);
	if (!err)
		err = read_sections(e, why);
	if (err) {
		elf_symbols__free(e);
		return err;
	}
	merge(e);
	e->path = NULL;
	*out = e;
	return 0;
}

void elf_symbols__free(struct elf_symbols *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->nnames; i++)
		free(e->names[i]);
	free(e->names);
	free(e->v);
	free(e->segments);
	elf_end(e->elf);
	if (e->fd >= 0)
		close(e->fd);
	free(e);
}

const struct elf_symbol *elf_symbols__all(const struct elf_symbols *e, size_t *n)
{
	*n = e->n;
	return e->v;
}

static int by_name(const void *a, const void *b)
{
	const struct elf_symbol *x = a, *y = b;

	return strcmp(x->name, y->name);
}

const struct elf_symbol *elf_symbols__find(const struct elf_symbols *e, const char *name)
{
	const struct elf_symbol key = { .name = name };

	return bsearch(&key, e->v, e->n, sizeof(*e->v), by_name);
}

bool elf_symbols__stripped(const struct elf_symbols *e)
{
	return !e->has_symtab;
}
