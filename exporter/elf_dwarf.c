/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DWARF, by libdw, in a confined child. Chains of types are followed so far and no further, and
 * texts have a limit, since a hostile file may have loops and anything for a name.
 */
#include <ctype.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>

#include "bpf/abi.h"
#include "buf.h"
#include "confined.h"
#include "dwarf_print.h"
#include "elf_types_image.h"

#define DEPTH_MAX    16
#define SEGMENTS_MAX 128

struct reader {
	GElf_Phdr segments[SEGMENTS_MAX]; /* of code, the file's own */
	size_t nsegments;
	struct decl_types types;
	struct type_record *records;
	size_t nrecords;
	struct type_enumerator *enumerators;
	size_t nenumerators;
	struct buf texts;
};

/* ---- texts ----------------------------------------------------------------------------------- */

static uint32_t add_text(struct reader *r, const char *text, size_t max)
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

static const char *name_of(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name ? name : "";
}

/* The type that die has an attribute for; false: none, which is C's void, or one that is broken. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *out)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, out);
}

static uint32_t add_part(struct reader *r, const Dwarf_Die *function,
			 void (*print)(const struct decl_types *, uint64_t, struct buf *))
{
	__cleanup_buf struct buf b = {};

	print(&r->types, dwarf_print__id(function), &b);
	return add_text(r, b.failed ? "" : buf__str(&b), TYPES_TEXT_MAX);
}

/* ---- results --------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	const struct type_enumerator *x = a, *y = b;

	return x->value < y->value ? -1 : x->value > y->value;
}

static bool value_of(Dwarf_Die *die, unsigned size, int64_t *out)
{
	unsigned unused = 64 - 8 * size;
	Dwarf_Attribute attr;
	Dwarf_Sword value;

	if (!dwarf_attr(die, DW_AT_const_value, &attr) || dwarf_formsdata(&attr, &value))
		return false;
	*out = (int64_t)((uint64_t)value << unused) >> unused;
	return true;
}

/* Ascending, each value once: of several names any stands. */
static void read_enumerators(struct reader *r, Dwarf_Die *type, struct type_record *out)
{
	size_t n = 0, kept = 0;
	struct type_enumerator *v;
	Dwarf_Die child;

	out->enumerator = r->nenumerators;
	for (int err = dwarf_child(type, &child); !err && n < TYPES_ENUMERATORS;
	     err = dwarf_siblingof(&child, &child)) {
		int64_t value;

		if (dwarf_tag(&child) != DW_TAG_enumerator || !value_of(&child, out->size, &value))
			continue;
		v = array__grow(&r->enumerators, &r->nenumerators, sizeof(*v));
		v->value = value;
		v->name = add_text(r, name_of(&child), TYPES_NAME_MAX);
		n++;
	}
	if (!n)
		return;
	v = r->enumerators + out->enumerator;
	qsort(v, n, sizeof(*v), by_value);
	for (size_t i = 0; i < n; i++)
		if (!kept || v[kept - 1].value != v[i].value)
			v[kept++] = v[i];
	r->nenumerators = out->enumerator + kept;
	out->nenumerators = kept;
}

static bool has_register_size(Dwarf_Die *type, uint8_t *size)
{
	int n = dwarf_bytesize(type);

	*size = n;
	return n == 1 || n == 2 || n == 4 || n == 8;
}

static void read_base(Dwarf_Die *type, struct type_record *out)
{
	Dwarf_Attribute attr;
	Dwarf_Word encoding;

	if (!dwarf_attr(type, DW_AT_encoding, &attr) || dwarf_formudata(&attr, &encoding))
		return;
	switch (encoding) {
	case DW_ATE_boolean:
		out->kind = RP_KIND_BOOL;
		return;
	case DW_ATE_signed:
	case DW_ATE_signed_char:
		out->kind = RP_KIND_ERRNO;
		return;
	case DW_ATE_unsigned:
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		out->kind = RP_KIND_UNSIGNED;
	}
}

/* Behind typedefs and qualifiers. False: its type cannot be read, and is no void. */
static bool read_result(struct reader *r, Dwarf_Die *function, struct type_record *out)
{
	Dwarf_Die type;
	uint8_t size;

	out->kind = RP_KIND_VOID;
	out->size = 8;
	if (!type_of(function, &type))
		return !dwarf_hasattr_integrate(function, DW_AT_type);
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		switch (dwarf_tag(&type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			if (!dwarf_hasattr(&type, DW_AT_type))
				return true;
			if (!type_of(&type, &type))
				return false;
			continue;
		case DW_TAG_pointer_type:
		case DW_TAG_reference_type:
		case DW_TAG_rvalue_reference_type:
			out->kind = RP_KIND_POINTER;
			return true;
		case DW_TAG_base_type:
		case DW_TAG_enumeration_type:
			/* The low half of an __int128 would be a number of its own. */
			if (!has_register_size(&type, &size))
				return true;
			out->size = size;
			if (dwarf_tag(&type) == DW_TAG_base_type) {
				read_base(&type, out);
				return true;
			}
			out->kind = RP_KIND_ENUM;
			read_enumerators(r, &type, out);
			return true;
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
		case DW_TAG_union_type:
			return true;
		default:
			return false;
		}
	}
	return false;
}

/* ---- functions ------------------------------------------------------------------------------- */

static bool offset_of(const struct reader *r, uint64_t address, uint64_t *out)
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

static int on_function(Dwarf_Die *die, void *ctx)
{
	struct type_record record = {};
	struct reader *r = ctx;
	Dwarf_Addr address;

	if (dwarf_entrypc(die, &address) || !offset_of(r, address, &record.offset))
		return DWARF_CB_OK;
	if (r->nrecords == TYPES_MAX || r->texts.len > TYPES_IMAGE_MAX)
		return DWARF_CB_ABORT;
	if (!read_result(r, die, &record))
		return DWARF_CB_OK;
	record.result = add_part(r, die, declaration__before);
	record.parameters = add_part(r, die, declaration__behind);
	*(struct type_record *)array__grow(&r->records, &r->nrecords, sizeof(record)) = record;
	return DWARF_CB_OK;
}

static int read_segments(struct reader *r, Elf *elf)
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

static int read_dwarf(struct reader *r, Elf *elf)
{
	Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	int err = 0;

	if (!dwarf)
		return 0; /* it has none */
	r->types = dwarf_print__types(dwarf);
	while (!err && !dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &die, NULL))
		if (dwarf_tag(&die) == DW_TAG_compile_unit &&
		    dwarf_getfuncs(&die, on_function, r, 0) > 0)
			err = -EMSGSIZE;
	dwarf_end(dwarf);
	return err;
}

static int by_offset(const void *a, const void *b)
{
	const struct type_record *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Several at one place have one type, if they are not folded: of those, nobody knows. */
static void keep_one_of_each(struct reader *r)
{
	size_t kept = 0;

	if (r->nrecords)
		qsort(r->records, r->nrecords, sizeof(*r->records), by_offset);
	for (size_t i = 0; i < r->nrecords; i++)
		if (!kept || r->records[kept - 1].offset != r->records[i].offset)
			r->records[kept++] = r->records[i];
	r->nrecords = kept;
}

static int64_t write_image(struct reader *r, void *out, size_t max)
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
	struct reader *r = xcalloc(1, sizeof(*r));
	Elf *elf, *debug;
	int64_t err;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	debug = debug_fd < 0 ? elf : elf_begin(debug_fd, ELF_C_READ_MMAP, NULL);
	buf__putc(&r->texts, '\0');
	err = elf && debug ? read_segments(r, elf) : -ENOENT;
	if (!err)
		err = read_dwarf(r, debug);
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
