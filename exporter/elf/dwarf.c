/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libdw reads the DWARF. A hostile file may have loops of types and names of any length, so chains
 * and texts are limited. Types are numbered by the address of their entry, by which libdw finds
 * entries.
 */
#include "elf/dwarf.h"

#include <errno.h>

#include "bpf/abi.h"
#include "elf/dwarf_die.h"
#include "types/result.h"

#define BROKEN 1 /* not an address of an entry */

/* ---- types as text, for types/declaration.h -------------------------------------------------- */

static const struct {
	unsigned tag;
	struct decl_type type;
} kinds[] = {
	{ DW_TAG_pointer_type, { .kind = DECL_POINTER, .word = "*" } },
	{ DW_TAG_ptr_to_member_type, { .kind = DECL_POINTER, .word = "*" } },
	{ DW_TAG_reference_type, { .kind = DECL_POINTER, .word = "&" } },
	{ DW_TAG_rvalue_reference_type, { .kind = DECL_POINTER, .word = "&&" } },
	{ DW_TAG_const_type, { .kind = DECL_QUALIFIER, .word = "const" } },
	{ DW_TAG_volatile_type, { .kind = DECL_QUALIFIER, .word = "volatile" } },
	{ DW_TAG_restrict_type, { .kind = DECL_QUALIFIER, .word = "restrict" } },
	{ DW_TAG_atomic_type, { .kind = DECL_QUALIFIER, .word = "_Atomic" } },
	{ DW_TAG_array_type, { .kind = DECL_ARRAY } },
	{ DW_TAG_subroutine_type, { .kind = DECL_FUNCTION } },
	{ DW_TAG_subprogram, { .kind = DECL_FUNCTION } },
	{ DW_TAG_structure_type, { .kind = DECL_NAMED, .word = "struct" } },
	{ DW_TAG_union_type, { .kind = DECL_NAMED, .word = "union" } },
	{ DW_TAG_enumeration_type, { .kind = DECL_NAMED, .word = "enum" } },
};

/* The number of a type. A function counts as its own type, a DECL_FUNCTION. */
static uint64_t id_of(const Dwarf_Die *die)
{
	return (uintptr_t)die->addr;
}

static bool entry(const void *dwarf, uint64_t id, Dwarf_Die *out)
{
	return id != BROKEN && dwarf_die_addr_die((Dwarf *)dwarf, (void *)(uintptr_t)id, out);
}

/* The entry that an attribute refers to; 0 (void): there is no such attribute. */
static uint64_t reference(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	Dwarf_Die target;

	if (!dwarf_attr_integrate(die, name, &attr))
		return 0;
	return dwarf_formref_die(&attr, &target) ? id_of(&target) : BROKEN;
}

static void describe_bounds(Dwarf_Die *array, char *out, size_t size)
{
	Dwarf_Word n;
	Dwarf_Die child;
	size_t len = 0;

	for (int err = dwarf_child(array, &child); !err && len < size;
	     err = dwarf_siblingof(&child, &child)) {
		if (dwarf_tag(&child) != DW_TAG_subrange_type)
			continue;
		if (dwarf_die__elements(&child, &n))
			len += snprintf(out + len, size - len, "[%llu]", (unsigned long long)n);
		else
			len += snprintf(out + len, size - len, "[]");
	}
}

/* Of Go: the type of the first result, which is in the register of C's result. */
static bool go_result(Dwarf_Die *function, Dwarf_Die *type)
{
	Dwarf_Die child;

	if (!dwarf_die__is_go(function))
		return false;
	for (int err = dwarf_child(function, &child); !err; err = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == DW_TAG_formal_parameter && dwarf_die__is_result(&child))
			return dwarf_die__type(&child, type);
	return false;
}

/* Whether types are written with "struct" and "enum". */
static bool has_tags(Dwarf_Die *type)
{
	Dwarf_Die unit;
	int language;

	if (!dwarf_diecu(type, &unit, NULL, NULL))
		return true;
	language = dwarf_srclang(&unit);
	return language != DW_LANG_Go && language != DW_LANG_Rust;
}

static bool look(const void *dwarf, uint64_t id, struct decl_type *out)
{
	Dwarf_Die die, class;
	unsigned tag;

	if (!entry(dwarf, id, &die))
		return false;
	tag = dwarf_tag(&die);
	*out = (struct decl_type){ .kind = DECL_NAMED, .word = "" };
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].tag == tag)
			*out = kinds[i].type;
	if (out->kind == DECL_NAMED) {
		out->name = dwarf_die__name(&die);
		if (*out->word && !has_tags(&die))
			out->word = "";
		return true;
	}
	out->target = reference(&die, DW_AT_type);
	if (tag == DW_TAG_subprogram && !out->target && go_result(&die, &class))
		out->target = id_of(&class);
	if (out->kind == DECL_ARRAY)
		describe_bounds(&die, out->bounds, sizeof(out->bounds));
	if (tag == DW_TAG_ptr_to_member_type)
		out->name = entry(dwarf, reference(&die, DW_AT_containing_type), &class)
				    ? dwarf_die__name(&class)
				    : "";
	return true;
}

static bool parameter(const void *dwarf, uint64_t function, uint64_t *at,
		      struct decl_parameter *out)
{
	Dwarf_Die die;
	bool is_type;
	int err;

	if (!entry(dwarf, function, &die))
		return false;
	is_type = dwarf_tag(&die) == DW_TAG_subroutine_type;
	/* A clone has its parameters in any order. */
	die = dwarf_die__declaration(&die);
	if (*at && !entry(dwarf, *at, &die))
		return false;
	err = *at ? dwarf_siblingof(&die, &die) : dwarf_child(&die, &die);
	for (; !err; err = dwarf_siblingof(&die, &die)) {
		unsigned tag = dwarf_tag(&die);

		if (tag != DW_TAG_formal_parameter && tag != DW_TAG_unspecified_parameters)
			continue;
		/* A pointer to a member function does not show `this`. A member function does:
		 * so that arg0, arg1, ... follow its list. */
		if ((is_type && dwarf_hasattr(&die, DW_AT_artificial)) ||
		    dwarf_die__is_result(&die))
			continue;
		*at = id_of(&die);
		out->rest = tag == DW_TAG_unspecified_parameters;
		out->type = reference(&die, DW_AT_type);
		out->name = dwarf_die__name(&die);
		return true;
	}
	return false;
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
	int64_t value;

	if (!dwarf_die__constant(die, &value))
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
		v->name = types_builder__text(b, dwarf_die__name(&child), TYPES_NAME_MAX);
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

/* An interface of Go, as an error. The first of its two words is 0 if it is nil. */
static bool is_interface(Dwarf_Die *type)
{
	const char *name = dwarf_die__name(type);

	return !strcmp(name, "runtime.iface") || !strcmp(name, "runtime.eface");
}

/* Sees through typedefs and qualifiers. False: there is a type, but it cannot be read. */
static bool read_result(struct types_builder *b, Dwarf_Die *function, struct type_record *out)
{
	Dwarf_Die type;
	int size;

	out->kind = RP_KIND_VOID;
	out->size = 8;
	if (!dwarf_die__type(function, &type)) {
		if (dwarf_hasattr_integrate(function, DW_AT_type))
			return false;
		if (!go_result(function, &type))
			return true;
	}
	for (int depth = 0; depth < DWARF_DEPTH_MAX; depth++) {
		switch (dwarf_tag(&type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			if (!dwarf_hasattr(&type, DW_AT_type))
				return true;
			if (!dwarf_die__type(&type, &type))
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
			if (is_interface(&type))
				out->kind = RP_KIND_POINTER;
			return true;
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

	if (dwarf_entrypc(die, &address) ||
	    !segments__offset(&b->segments, address, &record.offset))
		return DWARF_CB_OK;
	if (types_builder__is_full(b))
		return DWARF_CB_ABORT;
	record.die = dwarf_dieoffset(die);
	if (!read_result(b, die, &record))
		return DWARF_CB_OK;
	types_builder__add(b, &record, id_of(die));
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
	b->types = (struct decl_types){ dwarf, look, parameter };
	while (!err && !dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &die, NULL))
		if (dwarf_tag(&die) == DW_TAG_compile_unit &&
		    dwarf_getfuncs(&die, on_function, b, 0) > 0)
			err = -EMSGSIZE;
	dwarf_end(dwarf);
	return err;
}
