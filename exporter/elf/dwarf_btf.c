/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue of DWARF entries. Each gives exactly one BTF type, so a type's id is known once it is
 * queued, and types may refer to later ones. The queue is in the order of distance from the
 * parameters. Hostile files are limited by the numbers of types and members.
 */
#include "elf/dwarf_btf.h"

#include <ctype.h>
#include <errno.h>

#include "elf/dwarf_classes.h"

#define TABLE_SIZE (1U << 18) /* of the hash table; more than twice the types */
/* The first types, which all others use. */
#define INDEX_TYPE 1 /* of arrays */
#define FAR_TYPE   2 /* stands for types beyond the limit */
#define FIRST_TYPE PARAMETERS_FIRST_PROTO
/* Limits of BTF: of a member's offset in bits beside bit-fields, and of what a type has. */
#define OFFSET_MAX 0xffffff
#define PARTS_MAX  0xffff

#define POINTER_TO UINT32_MAX /* not the entry's type, but a pointer to it */

/* One type to write. */
struct item {
	Dwarf_Die die;
	uint32_t dimension; /* of an array, from the left; or POINTER_TO */
};

struct dwarf_btf {
	struct btf *btf;
	struct item *items; /* item i has the id FIRST_TYPE + i */
	size_t nitems;
	uint32_t *table; /* ids by entry and dimension; 0: free */
	uint32_t members;
};

/* ---- the queue ------------------------------------------------------------------------------- */

static uint32_t hash_of(const Dwarf_Die *die, uint32_t dimension)
{
	uint64_t h = ((uintptr_t)die->addr + dimension) * 0x9e3779b97f4a7c15ULL;

	return h >> 40;
}

static uint32_t enqueue(struct dwarf_btf *b, const Dwarf_Die *die, uint32_t dimension)
{
	uint32_t at = hash_of(die, dimension) % TABLE_SIZE;
	struct item *item;

	for (; b->table[at]; at = (at + 1) % TABLE_SIZE) {
		item = &b->items[b->table[at] - FIRST_TYPE];
		if (item->die.addr == die->addr && item->dimension == dimension)
			return b->table[at];
	}
	if (b->nitems == DWARF_BTF_TYPES)
		return 0;
	item = array__grow(&b->items, &b->nitems, sizeof(*item));
	*item = (struct item){ *die, dimension };
	b->table[at] = FIRST_TYPE + b->nitems - 1;
	return b->table[at];
}

/* The id of a type. */
static uint32_t id_of(struct dwarf_btf *b, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	/* Its definition is in a type unit. */
	if (dwarf_attr(type, DW_AT_signature, &attr) && !dwarf_formref_die(&attr, type))
		return FAR_TYPE;
	return enqueue(b, type, 0) ?: FAR_TYPE;
}

/* The id of the type of die; 0: void. */
static uint32_t type_of(struct dwarf_btf *b, Dwarf_Die *die)
{
	Dwarf_Die type;

	if (dwarf_die__type(die, &type))
		return id_of(b, &type);
	return dwarf_hasattr_integrate(die, DW_AT_type) ? FAR_TYPE : 0;
}

/* The id of a parameter's type, as it is passed. */
static uint32_t type_of_parameter(struct dwarf_btf *b, Dwarf_Die *parameter)
{
	Dwarf_Die type;

	if (dwarf_die__type(parameter, &type) && dwarf_classes__by_reference(&type))
		return enqueue(b, &type, POINTER_TO) ?: FAR_TYPE;
	return type_of(b, parameter);
}

uint32_t dwarf_btf__add_function(struct dwarf_btf *b, Dwarf_Die *function)
{
	return enqueue(b, function, 0);
}

/* ---- names and numbers ----------------------------------------------------------------------- */

struct text {
	char s[PARAMETERS_NAME_MAX + 1];
};

/* The name of die, for messages and label values. */
static struct text name_of(Dwarf_Die *die)
{
	const char *name = dwarf_die__name(die);
	size_t len = strnlen(name, PARAMETERS_NAME_MAX + 1);
	struct text t = {};

	if (len > PARAMETERS_NAME_MAX)
		snprintf(t.s, sizeof(t.s), "%.*s...", PARAMETERS_NAME_MAX - 3, name);
	else
		memcpy(t.s, name, len);
	for (char *c = t.s; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	return t;
}

static uint32_t size_of(Dwarf_Die *type)
{
	int size = dwarf_bytesize(type);

	return size > 0 ? size : 0;
}

/* ---- one type -------------------------------------------------------------------------------- */

/* What expressions cannot look into. */
static int write_opaque(struct dwarf_btf *b, Dwarf_Die *type)
{
	struct text name = name_of(type);

	return btf__add_fwd(b->btf, *name.s ? name.s : "...", BTF_FWD_STRUCT);
}

static int write_base(struct dwarf_btf *b, Dwarf_Die *type)
{
	struct text name = name_of(type);
	uint32_t size = size_of(type);
	Dwarf_Word encoding = 0;
	int bits = 0;

	dwarf_die__number(type, DW_AT_encoding, &encoding);
	switch (encoding) {
	case DW_ATE_boolean:
		bits = BTF_INT_BOOL;
		break;
	case DW_ATE_signed:
	case DW_ATE_signed_char:
		bits = BTF_INT_SIGNED;
		break;
	case DW_ATE_unsigned:
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		break;
	default:
		return btf__add_float(b->btf, name.s, size);
	}
	return btf__add_int(b->btf, name.s, size, bits);
}

/* A pointer to a data member is its offset. One to a function takes two words. */
static int write_member_pointer(struct dwarf_btf *b, Dwarf_Die *type)
{
	Dwarf_Die target;

	if (dwarf_die__type(type, &target) && dwarf_tag(&target) == DW_TAG_subroutine_type)
		return btf__add_struct(b->btf, NULL, 16);
	return btf__add_int(b->btf, "long int", 8, BTF_INT_SIGNED);
}

static int write_array(struct dwarf_btf *b, Dwarf_Die *type, uint32_t dimension)
{
	uint32_t n = 0, element;
	bool found = false, last = true;
	Dwarf_Word count;
	Dwarf_Die child;

	for (int err = dwarf_child(type, &child); !err; err = dwarf_siblingof(&child, &child)) {
		if (dwarf_tag(&child) != DW_TAG_subrange_type)
			continue;
		if (n++ == dimension) {
			found = true;
			if (!dwarf_die__elements(&child, &count) || count > UINT32_MAX)
				count = 0; /* unknown */
		} else if (found) {
			last = false;
			break;
		}
	}
	element = last ? type_of(b, type) : enqueue(b, type, dimension + 1) ?: FAR_TYPE;
	return btf__add_array(b->btf, INDEX_TYPE, element, found ? count : 0);
}

/* Counts a part of a type that has n. False: there are too many. */
static bool count_part(struct dwarf_btf *b, uint32_t *n)
{
	return ++*n <= PARTS_MAX && ++b->members <= DWARF_BTF_MEMBERS;
}

static int write_function(struct dwarf_btf *b, Dwarf_Die *function)
{
	uint32_t n = 0;
	Dwarf_Die declaration = dwarf_die__declaration(function), child;
	int id = btf__add_func_proto(b->btf, type_of(b, &declaration));

	for (int err = dwarf_child(&declaration, &child); !err && id > 0;
	     err = dwarf_siblingof(&child, &child)) {
		struct text name;

		if (dwarf_tag(&child) != DW_TAG_formal_parameter || dwarf_die__is_result(&child) ||
		    n == PLACES_MAX || !count_part(b, &n))
			continue;
		name = name_of(&child);
		btf__add_func_param(b->btf, name.s, type_of_parameter(b, &child));
	}
	return id;
}

/* ---- enums ----------------------------------------------------------------------------------- */

static bool is_signed(Dwarf_Die *type)
{
	Dwarf_Word encoding;
	Dwarf_Die base;

	if (!dwarf_die__type(type, &base) || !dwarf_die__resolve(&base) ||
	    !dwarf_die__number(&base, DW_AT_encoding, &encoding))
		return false;
	return encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
}

/* All as 64-bit values, which any enumerator fits. */
static int write_enum(struct dwarf_btf *b, Dwarf_Die *type)
{
	struct text name = name_of(type);
	bool sign = is_signed(type);
	int id = btf__add_enum64(b->btf, name.s, size_of(type), sign);
	uint32_t n = 0;
	Dwarf_Die child;

	for (int err = dwarf_child(type, &child); !err && id > 0;
	     err = dwarf_siblingof(&child, &child)) {
		int64_t value;

		if (dwarf_tag(&child) != DW_TAG_enumerator ||
		    !dwarf_die__constant(&child, &value) || n == PARAMETERS_ENUMERATORS ||
		    !count_part(b, &n))
			continue;
		name = name_of(&child);
		if (*name.s)
			btf__add_enum64_value(b->btf, name.s, value);
	}
	return id;
}

/* ---- structs --------------------------------------------------------------------------------- */

/* Where a member begins, in bits. bits: of a bit-field, else 0. False: nowhere fixed. */
static bool place_of(Dwarf_Die *member, uint64_t *at, uint64_t *bits)
{
	Dwarf_Word byte = 0, bit, size;
	Dwarf_Die type;

	*bits = 0;
	if (dwarf_hasattr(member, DW_AT_data_member_location) &&
	    !dwarf_die__number(member, DW_AT_data_member_location, &byte))
		return false;
	*at = 8 * byte;
	if (!dwarf_die__number(member, DW_AT_bit_size, bits))
		return true;
	if (dwarf_die__number(member, DW_AT_data_bit_offset, &bit)) {
		*at += bit;
		return true;
	}
	/* DWARF 2 and 3: from the most significant bit of a word of the member's type. */
	if (!dwarf_die__number(member, DW_AT_bit_offset, &bit))
		return true;
	if (!dwarf_die__number(member, DW_AT_byte_size, &size)) {
		if (!dwarf_die__type(member, &type) || !dwarf_die__resolve(&type))
			return false;
		size = size_of(&type);
	}
	if (size > 8 || bit + *bits > 8 * size)
		return false;
	*at += 8 * size - bit - *bits;
	return true;
}

static void write_member(struct dwarf_btf *b, Dwarf_Die *member, uint32_t *n)
{
	bool base = dwarf_tag(member) == DW_TAG_inheritance;
	struct text name = name_of(member);
	uint64_t at, bits;

	if (dwarf_die__flag(member, DW_AT_declaration) || dwarf_die__flag(member, DW_AT_external) ||
	    !place_of(member, &at, &bits) || at > OFFSET_MAX || !count_part(b, n))
		return;
	/* A member of a base class is found like one of an anonymous struct. */
	btf__add_field(b->btf, base ? NULL : name.s, type_of(b, member), at, bits);
}

static int write_composite(struct dwarf_btf *b, Dwarf_Die *type)
{
	/* Members of the class hide those of its bases, so they come first. */
	static const int tags[] = { DW_TAG_member, DW_TAG_inheritance };
	struct text name = name_of(type);
	uint32_t n = 0;
	Dwarf_Die child;
	int id;

	if (dwarf_die__flag(type, DW_AT_declaration))
		return write_opaque(b, type);
	if (dwarf_tag(type) == DW_TAG_union_type)
		id = btf__add_union(b->btf, name.s, size_of(type));
	else
		id = btf__add_struct(b->btf, name.s, size_of(type));
	for (size_t i = 0; i < ARRAY_SIZE(tags) && id > 0; i++) {
		for (int err = dwarf_child(type, &child); !err;
		     err = dwarf_siblingof(&child, &child))
			if (dwarf_tag(&child) == tags[i])
				write_member(b, &child, &n);
	}
	return id;
}

/* ---- all types ------------------------------------------------------------------------------- */

static int write_type(struct dwarf_btf *b, Dwarf_Die *type, uint32_t dimension)
{
	struct text name;

	if (dimension == POINTER_TO)
		return btf__add_ptr(b->btf, id_of(b, type));
	switch (dwarf_tag(type)) {
	case DW_TAG_base_type:
		return write_base(b, type);
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		return btf__add_ptr(b->btf, type_of(b, type));
	case DW_TAG_unspecified_type: /* decltype(nullptr) */
		return btf__add_ptr(b->btf, 0);
	case DW_TAG_ptr_to_member_type:
		return write_member_pointer(b, type);
	case DW_TAG_typedef:
		name = name_of(type);
		return btf__add_typedef(b->btf, name.s, type_of(b, type));
	case DW_TAG_volatile_type:
		return btf__add_volatile(b->btf, type_of(b, type));
	case DW_TAG_restrict_type:
		return btf__add_restrict(b->btf, type_of(b, type));
	case DW_TAG_const_type:
	case DW_TAG_atomic_type:
		return btf__add_const(b->btf, type_of(b, type));
	case DW_TAG_array_type:
		return write_array(b, type, dimension);
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		return write_composite(b, type);
	case DW_TAG_enumeration_type:
		return write_enum(b, type);
	case DW_TAG_subprogram:
	case DW_TAG_subroutine_type:
		return write_function(b, type);
	}
	return write_opaque(b, type);
}

const void *dwarf_btf__finish(struct dwarf_btf *b, uint32_t *size)
{
	for (size_t i = 0; i < b->nitems; i++) {
		struct item item = b->items[i]; /* writing it adds further ones */

		/* libbpf refuses odd sizes and missing names. */
		if (write_type(b, &item.die, item.dimension) < 0)
			write_opaque(b, &item.die);
		if (btf__type_cnt(b->btf) != FIRST_TYPE + i + 1)
			return NULL;
	}
	return btf__raw_data(b->btf, size);
}

int dwarf_btf__new(struct dwarf_btf **out)
{
	struct dwarf_btf *b = xcalloc(1, sizeof(*b));

	b->table = xcalloc(TABLE_SIZE, sizeof(*b->table));
	b->btf = btf__new_empty();
	if (!b->btf || btf__add_int(b->btf, "int", 4, BTF_INT_SIGNED) != INDEX_TYPE ||
	    btf__add_fwd(b->btf, "...", BTF_FWD_STRUCT) != FAR_TYPE) {
		dwarf_btf__free(b);
		return -ENOMEM;
	}
	*out = b;
	return 0;
}

void dwarf_btf__free(struct dwarf_btf *b)
{
	if (!b)
		return;
	btf__free(b->btf);
	free(b->items);
	free(b->table);
	free(b);
}
