/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libdw reads the DWARF. A hostile file may have loops of types and names of any length, so chains
 * and texts are limited.
 */
#include "elf/dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>

#include "bpf/abi.h"
#include "elf/dwarf_print.h"
#include "types/result.h"

#define DEPTH_MAX 16

/* The type of die. False: it has none (void), or the reference is broken. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *out)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, out);
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

/* Sorted by value, with any one name for each value. */
static void read_enumerators(struct types_builder *b, Dwarf_Die *type, struct type_record *out)
{
	size_t n = 0, kept = 0;
	struct type_enumerator *v;
	Dwarf_Die child;

	out->enumerator = b->nenumerators;
	for (int err = dwarf_child(type, &child); !err && n < TYPES_ENUMERATORS;
	     err = dwarf_siblingof(&child, &child)) {
		int64_t value;

		if (dwarf_tag(&child) != DW_TAG_enumerator || !value_of(&child, out->size, &value))
			continue;
		v = array__grow(&b->enumerators, &b->nenumerators, sizeof(*v));
		v->value = value;
		v->name = types_builder__text(b, dwarf_print__name(&child), TYPES_NAME_MAX);
		n++;
	}
	if (!n)
		return;
	v = b->enumerators + out->enumerator;
	qsort(v, n, sizeof(*v), by_value);
	for (size_t i = 0; i < n; i++)
		if (!kept || v[kept - 1].value != v[i].value)
			v[kept++] = v[i];
	b->nenumerators = out->enumerator + kept;
	out->nenumerators = kept;
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

/* Sees through typedefs and qualifiers. False: there is a type, but it cannot be read. */
static bool read_result(struct types_builder *b, Dwarf_Die *function, struct type_record *out)
{
	Dwarf_Die type;
	int size;

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
			/* One register holds only half of an __int128. */
			size = dwarf_bytesize(&type);
			if (!result__is_size(size))
				return true;
			out->size = size;
			if (dwarf_tag(&type) == DW_TAG_base_type) {
				read_base(&type, out);
				return true;
			}
			out->kind = RP_KIND_ENUM;
			read_enumerators(b, &type, out);
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

static int on_function(Dwarf_Die *die, void *ctx)
{
	struct type_record record = {};
	struct types_builder *b = ctx;
	Dwarf_Addr address;

	if (dwarf_entrypc(die, &address) || !types_builder__offset(b, address, &record.offset))
		return DWARF_CB_OK;
	if (types_builder__is_full(b))
		return DWARF_CB_ABORT;
	if (!read_result(b, die, &record))
		return DWARF_CB_OK;
	types_builder__add(b, &record, dwarf_print__id(die));
	return DWARF_CB_OK;
}

int elf_dwarf__read(struct types_builder *b, Elf *elf)
{
	Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	int err = 0;

	if (!dwarf)
		return 0; /* there is no DWARF */
	b->types = dwarf_print__types(dwarf);
	while (!err && !dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &die, NULL))
		if (dwarf_tag(&die) == DW_TAG_compile_unit &&
		    dwarf_getfuncs(&die, on_function, b, 0) > 0)
			err = -EMSGSIZE;
	dwarf_end(dwarf);
	return err;
}
