/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libbpf reads the .BTF section. BTF has names but no addresses, so the symbols locate its
 * functions. A name that occurs twice in either is left out.
 */
#include "elf/btf.h"

#include <bpf/btf.h>
#include <errno.h>

#include "types/btf_print.h"
#include "types/btf_result.h"

#define BTF_MAX (32ULL << 20)

struct function {
	const char *name;
	uint32_t proto;
	uint64_t offset;
	bool found, ambiguous;
};

struct functions {
	struct function *v;
	size_t n;
};

static Elf_Scn *section_named(Elf *elf, const char *name)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr header;
		const char *its;

		if (!gelf_getshdr(scn, &header) || header.sh_type == SHT_NOBITS)
			continue;
		its = elf_strptr(elf, names, header.sh_name);
		if (its && !strcmp(its, name))
			return scn;
	}
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct function *)a)->name, ((const struct function *)b)->name);
}

/* Sorted by name. */
static void read_functions(const struct btf *btf, struct functions *f)
{
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id), *proto;
		const char *name = t && btf_is_func(t) ? btf_print__name(btf, t->name_off) : "";

		proto = *name ? btf__type_by_id(btf, t->type) : NULL;
		if (proto && btf_is_func_proto(proto))
			*(struct function *)array__grow(&f->v, &f->n, sizeof(*f->v)) =
				(struct function){ .name = name, .proto = t->type };
	}
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), by_name);
	for (size_t i = 1; i < f->n; i++)
		if (!by_name(&f->v[i - 1], &f->v[i]))
			f->v[i - 1].ambiguous = f->v[i].ambiguous = true;
}

static void place(const struct types_builder *b, struct functions *f, const char *name,
		  uint64_t address)
{
	struct function key = { .name = name },
			*found = bsearch(&key, f->v, f->n, sizeof(key), by_name);
	uint64_t offset;

	if (!found || !segments__offset(&b->segments, address, &offset))
		return;
	if (found->found && found->offset != offset)
		found->ambiguous = true;
	found->found = true;
	found->offset = offset;
}

static void read_symbols(const struct types_builder *b, struct functions *f, Elf *elf)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr header;
		Elf_Data *data;
		GElf_Sym sym;

		if (!gelf_getshdr(scn, &header) ||
		    (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
			continue;
		data = elf_getdata(scn, NULL);
		for (int i = 0; data && gelf_getsym(data, i, &sym); i++) {
			const char *name = GELF_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_shndx
						   ? elf_strptr(elf, header.sh_link, sym.st_name)
						   : NULL;

			if (name)
				place(b, f, name, sym.st_value);
		}
	}
}

static void add(struct types_builder *b, const struct btf *btf, const struct function *f)
{
	struct btf_result result = btf_result__read(btf, btf__type_by_id(btf, f->proto)->type);
	struct type_record record = { .offset = f->offset,
				      .kind = result.kind,
				      .size = result.size,
				      .enumerator = b->nenumerators };

	for (size_t i = 0; i < result.nenumerators && i < TYPES_ENUMERATORS; i++) {
		struct type_enumerator *e =
			array__grow(&b->enumerators, &b->nenumerators, sizeof(*e));

		e->value = result.enumerators[i].value;
		e->name = types_builder__text(b, result.enumerators[i].name, TYPES_NAME_MAX);
		record.nenumerators++;
	}
	types_builder__add(b, &record, f->proto);
	enumerators__free(result.enumerators, result.nenumerators);
}

static int read_types(struct types_builder *b, const struct btf *btf, Elf *elf, Elf *debug)
{
	struct functions f = {};
	int err = 0;

	b->types = btf_print__types(btf);
	read_functions(btf, &f);
	if (f.n)
		read_symbols(b, &f, elf);
	if (f.n && debug != elf)
		read_symbols(b, &f, debug);
	for (size_t i = 0; i < f.n && !err; i++) {
		if (f.v[i].found && !f.v[i].ambiguous)
			add(b, btf, &f.v[i]);
		err = types_builder__is_full(b) ? -EMSGSIZE : 0;
	}
	free(f.v);
	return err;
}

int elf_btf__read(struct types_builder *b, Elf *elf, Elf *debug)
{
	Elf_Scn *scn = section_named(elf, ".BTF");
	Elf_Data *data;
	struct btf *btf;
	int err;

	if (!scn && debug != elf)
		scn = section_named(debug, ".BTF");
	data = scn ? elf_rawdata(scn, NULL) : NULL;
	if (!data || !data->d_buf)
		return 0; /* there is no BTF */
	if (data->d_size > BTF_MAX)
		return -EMSGSIZE;
	btf = btf__new(data->d_buf, data->d_size);
	if (!btf)
		return -errno;
	err = read_types(b, btf, elf, debug);
	btf__free(btf);
	return err;
}
