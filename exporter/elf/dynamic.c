/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * .gnu.version has a version index for each symbol of .dynsym. .gnu.version_d names the versions
 * that the file defines; .gnu.version_r names the versions that it needs, and their files. Both are
 * lists linked by offsets. Any offset may be false, so a list is followed only forwards, and not
 * for long.
 */
#include "elf/dynamic.h"

#include "elf/code.h"

#define SECTION_MAX   (8 << 20)
#define VERSIONS_MAX  0x8000
#define STEPS_MAX     65536
#define VERSION_INDEX 0x7fff
#define CHUNK	      1024

struct version {
	uint32_t name, file; /* in names; 0: none */
};

struct versions {
	struct version *v; /* VERSIONS_MAX */
	size_t steps;
};

/* A string of .dynsym as an offset in names; 0: it is not a string, or too long. */
static uint32_t text(const struct elf_dynamics *d, uint64_t offset)
{
	size_t room = d->names_end - d->names_at, most = offset < room ? room - offset : 0;

	if (most > ELF_NAME_MAX + 1)
		most = ELF_NAME_MAX + 1;
	return most && memchr(d->names + d->names_at + offset, '\0', most) ? d->names_at + offset
									   : 0;
}

/* Copies a struct out of a section. False: it does not lie within the section. */
static bool take(const char *content, size_t len, uint64_t at, void *out, size_t size)
{
	if (at > len || size > len - at)
		return false;
	memcpy(out, content + at, size);
	return true;
}

static void set(struct versions *v, uint16_t index, uint32_t name, uint32_t file)
{
	v->v[index & VERSION_INDEX] = (struct version){ name, file };
}

static char *section(const struct elf_dynamics *d, uint32_t type, size_t *len)
{
	const Elf64_Shdr *s = elf_input__section_of_type(d->in, type);

	*len = s ? s->sh_size : 0;
	/* Linkers let these sections share the strings of .dynsym. */
	return s && s->sh_link == d->symbols->sh_link ? elf_input__content(d->in, s, SECTION_MAX)
						      : NULL;
}

static void read_own(const struct elf_dynamics *d, struct versions *v)
{
	size_t len;
	__cleanup_free char *content = section(d, SHT_GNU_verdef, &len);
	Elf64_Verdef def;
	Elf64_Verdaux aux;

	for (uint64_t at = 0; content && v->steps++ < STEPS_MAX; at += def.vd_next) {
		if (!take(content, len, at, &def, sizeof(def)))
			break;
		if (take(content, len, at + def.vd_aux, &aux, sizeof(aux)))
			set(v, def.vd_ndx, text(d, aux.vda_name), 0);
		if (!def.vd_next)
			break;
	}
}

static void read_needs_of(const struct elf_dynamics *d, struct versions *v, const char *content,
			  size_t len, uint64_t at, uint32_t file)
{
	Elf64_Vernaux aux;

	while (v->steps++ < STEPS_MAX && take(content, len, at, &aux, sizeof(aux))) {
		set(v, aux.vna_other, text(d, aux.vna_name), file);
		if (!aux.vna_next)
			break;
		at += aux.vna_next;
	}
}

static void read_needs(const struct elf_dynamics *d, struct versions *v)
{
	size_t len;
	__cleanup_free char *content = section(d, SHT_GNU_verneed, &len);
	Elf64_Verneed need;

	for (uint64_t at = 0; content && v->steps++ < STEPS_MAX; at += need.vn_next) {
		if (!take(content, len, at, &need, sizeof(need)))
			break;
		read_needs_of(d, v, content, len, at + need.vn_aux, text(d, need.vn_file));
		if (!need.vn_next)
			break;
	}
}

static size_t add_libraries(const struct elf_dynamics *d, size_t n)
{
	size_t len;
	__cleanup_free char *content = section(d, SHT_DYNAMIC, &len);
	Elf64_Dyn dyn;

	for (uint64_t at = 0; content && take(content, len, at, &dyn, sizeof(dyn)) && n < d->max;
	     at += sizeof(dyn)) {
		uint32_t name = dyn.d_tag == DT_NEEDED ? text(d, dyn.d_un.d_val) : 0;

		if (name && d->names[name])
			d->out[n++] =
				(struct elf_dynamic_record){ .name = name, .kind = ELF_NEEDED };
	}
	return n;
}

static size_t add_symbol(const struct elf_dynamics *d, const struct version *v,
			 const Elf64_Sym *sym, size_t n)
{
	int type = ELF64_ST_TYPE(sym->st_info);
	struct elf_dynamic_record r = { .name = text(d, sym->st_name), .version = v->name };

	if (n == d->max || !r.name || !d->names[r.name])
		return n;
	if (sym->st_shndx == SHN_UNDEF && (type == STT_FUNC || type == STT_NOTYPE)) {
		r.kind = ELF_IMPORTED;
		r.file = v->file;
	} else if (sym->st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_GNU_IFUNC) ||
		   !d->locate(d->ctx, sym, &r.offset, &r.size)) {
		return n;
	} else {
		r.kind = ELF_EXPORTED | (type == STT_GNU_IFUNC ? ELF_RECORD_IFUNC : 0) |
			 (elf_code__is_misrun(d->in, r.offset) ? ELF_RECORD_MISRUN : 0);
	}
	d->out[n++] = r;
	return n;
}

static size_t add_symbols(const struct elf_dynamics *d, const struct versions *v, size_t n)
{
	size_t count = d->symbols->sh_size / sizeof(Elf64_Sym);
	Elf64_Sym symbols[CHUNK];
	uint16_t indexes[CHUNK] = { 0 };

	for (size_t first = 0; first < count; first += CHUNK) {
		size_t some = count - first < CHUNK ? count - first : CHUNK;

		if (elf_input__read(d->in, d->symbols->sh_offset + first * sizeof(*symbols),
				    symbols, some * sizeof(*symbols)))
			break;
		if (d->versions &&
		    elf_input__read(d->in, d->versions->sh_offset + first * sizeof(*indexes),
				    indexes, some * sizeof(*indexes)))
			break;
		for (size_t i = 0; i < some; i++)
			n = add_symbol(d, &v->v[indexes[i] & VERSION_INDEX], &symbols[i], n);
	}
	return n;
}

size_t elf_dynamic__read(struct elf_dynamics *d)
{
	struct versions v = { .v = calloc(VERSIONS_MAX, sizeof(*v.v)) };
	size_t n = 0;

	if (!v.v)
		return 0;
	read_own(d, &v);
	read_needs(d, &v);
	/* Indexes 0 and 1 mean: no version. */
	memset(v.v, 0, 2 * sizeof(*v.v));
	n = add_libraries(d, 0);
	n = add_symbols(d, &v, n);
	free(v.v);
	return n;
}
