/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A struct of up to 16 bytes is passed as two words, each of which is of the class of what lies in
 * it. Where a rule is subtle, and compilers have differed, the answer is PASSED_UNKNOWN: later
 * parameters cannot be located then.
 */
#include "elf/dwarf_classes.h"

#define WORD	  8
#define PARTS_MAX 1000 /* members and elements of one type that are looked at */

/* DW_AT_calling_convention of a class */
#define PASS_BY_REFERENCE 0x04
#define PASS_BY_VALUE	  0x05

enum {
	HAS_WORD = 1,
	HAS_FLOAT = 2,
	HAS_WIDE = 4, /* long double: on the stack */
	HAS_UNALIGNED = 8,
	HAS_ODD = 16, /* 16-byte numbers and vectors in a struct, or broken types */
};

struct classes {
	uint8_t word[2]; /* of each word: what lies in it */
	uint8_t all;
	unsigned parts;
};

static uint64_t size_of(Dwarf_Die *type)
{
	Dwarf_Word size;

	return dwarf_aggregate_size(type, &size) ? 0 : size;
}

static void add(struct classes *c, uint64_t at, uint64_t size, uint64_t align, uint8_t what)
{
	c->all |= what;
	if (align && at % align)
		c->all |= HAS_UNALIGNED;
	for (uint64_t word = at / WORD; word <= (at + size - 1) / WORD && word < 2; word++)
		c->word[word] |= what;
}

static uint8_t class_of_base(Dwarf_Die *type, uint64_t size)
{
	Dwarf_Word encoding = 0;

	dwarf_die__number(type, DW_AT_encoding, &encoding);
	switch (encoding) {
	case DW_ATE_boolean:
	case DW_ATE_signed:
	case DW_ATE_signed_char:
	case DW_ATE_unsigned:
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		return size > 8 ? HAS_ODD : HAS_WORD;
	case DW_ATE_float:
		return size > 8 ? HAS_WIDE : HAS_FLOAT;
	case DW_ATE_complex_float:
		return size > 16 ? HAS_WIDE : HAS_FLOAT;
	}
	return HAS_ODD;
}

static bool is_complex(Dwarf_Die *type)
{
	Dwarf_Word encoding;

	return dwarf_die__number(type, DW_AT_encoding, &encoding) &&
	       encoding == DW_ATE_complex_float;
}

static void classify(Dwarf_Die *type, uint64_t at, struct classes *c, int depth);

static void classify_array(Dwarf_Die *type, uint64_t at, struct classes *c, int depth)
{
	uint64_t size = size_of(type), step;
	Dwarf_Die element;

	if (!dwarf_die__type(type, &element) || dwarf_hasattr(type, DW_AT_GNU_vector)) {
		c->all |= HAS_ODD;
		return;
	}
	step = size_of(&element);
	if (!step && size)
		c->all |= HAS_ODD;
	for (uint64_t i = 0; step && i + step <= size && c->parts < PARTS_MAX; i += step) {
		Dwarf_Die copy = element;

		classify(&copy, at + i, c, depth + 1);
	}
}

static void classify_member(Dwarf_Die *member, uint64_t at, struct classes *c, int depth)
{
	Dwarf_Word byte = 0, bits, bit = 0;
	Dwarf_Die type;

	if (dwarf_die__flag(member, DW_AT_declaration) || dwarf_die__flag(member, DW_AT_external))
		return;
	if (dwarf_hasattr(member, DW_AT_data_member_location) &&
	    !dwarf_die__number(member, DW_AT_data_member_location, &byte)) {
		c->all |= HAS_ODD; /* a virtual base */
		return;
	}
	if (dwarf_die__number(member, DW_AT_bit_size, &bits)) {
		if (!dwarf_die__number(member, DW_AT_data_bit_offset, &bit))
			c->all |= HAS_ODD; /* counted from the other end */
		else if (bits && bits <= 64)
			add(c, at + byte + bit / 8, (bit % 8 + bits + 7) / 8, 0, HAS_WORD);
	} else if (dwarf_die__type(member, &type)) {
		classify(&type, at + byte, c, depth + 1);
	} else {
		c->all |= HAS_ODD;
	}
}

static void classify_members(Dwarf_Die *type, uint64_t at, struct classes *c, int depth)
{
	Dwarf_Die child;

	if (dwarf_hasattr(type, DW_AT_declaration))
		c->all |= HAS_ODD;
	for (int err = dwarf_child(type, &child); !err && c->parts < PARTS_MAX;
	     err = dwarf_siblingof(&child, &child)) {
		unsigned tag = dwarf_tag(&child);

		if (tag == DW_TAG_member || tag == DW_TAG_inheritance)
			classify_member(&child, at, c, depth);
		else if (tag == DW_TAG_variant_part)
			c->all |= HAS_ODD;
	}
}

static void classify(Dwarf_Die *type, uint64_t at, struct classes *c, int depth)
{
	uint64_t size;
	uint8_t what;

	if (depth > DWARF_DEPTH_MAX || ++c->parts > PARTS_MAX || !dwarf_die__resolve(type)) {
		c->all |= HAS_ODD;
		return;
	}
	size = size_of(type);
	switch (dwarf_tag(type)) {
	case DW_TAG_base_type:
		what = class_of_base(type, size);
		if (size)
			add(c, at, size, is_complex(type) ? size / 2 : size, what);
		return;
	case DW_TAG_enumeration_type:
		if (size)
			add(c, at, size, size, size > 8 ? HAS_ODD : HAS_WORD);
		return;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
	case DW_TAG_unspecified_type: /* decltype(nullptr) */
		add(c, at, WORD, WORD, HAS_WORD);
		return;
	case DW_TAG_array_type:
		classify_array(type, at, c, depth);
		return;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		classify_members(type, at, c, depth);
		return;
	}
	c->all |= HAS_ODD;
}

static bool is_composite(Dwarf_Die *type)
{
	unsigned tag = dwarf_tag(type);

	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

/* Whether copying an object is copying its bytes, because neither the class nor what it contains
 * has a constructor, a destructor or a virtual function. */
static bool is_plain(Dwarf_Die *class, unsigned *left, int depth)
{
	const char *name = dwarf_die__name(class);
	size_t len = strcspn(name, "<"); /* of a template's name, which its constructors have */
	Dwarf_Die child, type;

	if (depth > DWARF_DEPTH_MAX || dwarf_hasattr(class, DW_AT_declaration))
		return false;
	for (int err = dwarf_child(class, &child); !err; err = dwarf_siblingof(&child, &child)) {
		const char *its = dwarf_die__name(&child);
		unsigned tag = dwarf_tag(&child);

		if (!*left || !--*left)
			return false;
		if (tag == DW_TAG_subprogram &&
		    (*its == '~' || (!strncmp(its, name, len) && (!its[len] || its[len] == '<')) ||
		     dwarf_hasattr(&child, DW_AT_virtuality)))
			return false;
		if (tag != DW_TAG_member && tag != DW_TAG_inheritance)
			continue;
		if (!dwarf_die__type(&child, &type) || !dwarf_die__resolve(&type))
			return false;
		while (dwarf_tag(&type) == DW_TAG_array_type)
			if (!--*left || !dwarf_die__type(&type, &type) ||
			    !dwarf_die__resolve(&type))
				return false;
		if (is_composite(&type) && !is_plain(&type, left, depth + 1))
			return false;
	}
	return true;
}

/* Whether it is known how a class is passed: a class with a destructor, for example, as a pointer.
 * LLVM says so in DWARF 5. */
static bool knows_class(Dwarf_Die *type, bool cxx, bool *by_reference)
{
	unsigned left = PARTS_MAX;
	Dwarf_Word convention;

	*by_reference = false;
	if (!dwarf_die__number(type, DW_AT_calling_convention, &convention))
		return !cxx || is_plain(type, &left, 0);
	*by_reference = convention == PASS_BY_REFERENCE;
	return *by_reference || convention == PASS_BY_VALUE;
}

static struct passing scalar(Dwarf_Die *type)
{
	uint64_t size = size_of(type);
	struct classes c = {};

	switch (dwarf_tag(type)) {
	case DW_TAG_ptr_to_member_type:
		return (struct passing){ .how = PASSED_UNKNOWN };
	case DW_TAG_base_type:
		/* Two registers, which arm64 takes from an even one on. */
		if (size == 16 && class_of_base(type, size) == HAS_ODD)
			return (struct passing){ .how = PASSED_UNKNOWN };
	}
	classify(type, 0, &c, 0);
	if (c.all == HAS_WORD && size <= WORD)
		return (struct passing){ PASSED_WORDS, 1 };
	if (c.all == HAS_FLOAT)
		return (struct passing){ .how = PASSED_FLOATS };
#ifdef __x86_64__
	if (c.all == HAS_WIDE)
		return (struct passing){ .how = PASSED_STACK };
#endif
	return (struct passing){ .how = PASSED_UNKNOWN };
}

static struct passing composite(Dwarf_Die *type)
{
	uint64_t size = size_of(type);
	struct classes c = {};
	uint8_t words;

#ifdef __x86_64__
	if (size > 2 * WORD)
		return (struct passing){ .how = PASSED_STACK };
#else
	/* A pointer to a copy, or up to four floating-point registers. */
	classify(type, 0, &c, 0);
	if (c.all & ~HAS_WORD)
		return (struct passing){ .how = PASSED_UNKNOWN };
	if (size > 2 * WORD)
		return (struct passing){ PASSED_WORDS, 1 };
	c = (struct classes){};
#endif
	classify(type, 0, &c, 0);
	if (c.all & HAS_ODD)
		return (struct passing){ .how = PASSED_UNKNOWN };
	if (c.all & (HAS_WIDE | HAS_UNALIGNED))
		return (struct passing){ .how = PASSED_STACK };
	if (!c.all)
		return (struct passing){ .how = size ? PASSED_UNKNOWN : PASSED_NOT };
	if (!c.word[0] || (size > WORD && !c.word[1])) /* a half of padding */
		return (struct passing){ .how = PASSED_UNKNOWN };
	/* A word of numbers and floats goes into a general register. */
	words = !!(c.word[0] & HAS_WORD) + !!(c.word[1] & HAS_WORD);
	return (struct passing){ words == (size > WORD ? 2 : 1) ? PASSED_WORDS : PASSED_FLOATS,
				 words };
}

struct passing dwarf_classes__of(Dwarf_Die *of, bool cxx)
{
	Dwarf_Die type = *of;
	bool by_reference;

	if (!dwarf_die__resolve(&type))
		return (struct passing){ .how = PASSED_UNKNOWN };
	if (!is_composite(&type))
		return scalar(&type);
	if (!knows_class(&type, cxx, &by_reference))
		return (struct passing){ .how = PASSED_UNKNOWN };
	if (by_reference)
		return (struct passing){ PASSED_WORDS, 1 };
	return composite(&type);
}

bool dwarf_classes__by_reference(Dwarf_Die *of)
{
	Dwarf_Die type = *of;
	bool by_reference;

	if (!dwarf_die__resolve(&type) || !is_composite(&type))
		return false;
	knows_class(&type, true, &by_reference);
#ifdef __aarch64__
	by_reference |= size_of(&type) > 2 * WORD;
#endif
	return by_reference;
}

enum passed dwarf_classes__hidden(Dwarf_Die *of, bool cxx)
{
#ifdef __x86_64__
	Dwarf_Die type = *of;
	struct passing p;
	bool by_reference;

	if (!dwarf_die__resolve(&type))
		return PASSED_UNKNOWN;
	if (!is_composite(&type))
		return dwarf_tag(&type) == DW_TAG_array_type ? PASSED_UNKNOWN : PASSED_NOT;
	if (size_of(&type) > 2 * WORD)
		return PASSED_WORDS;
	if (!knows_class(&type, cxx, &by_reference))
		return PASSED_UNKNOWN;
	if (by_reference)
		return PASSED_WORDS;
	p = composite(&type);
	return p.how == PASSED_WORDS || p.how == PASSED_FLOATS || p.how == PASSED_NOT
		       ? PASSED_NOT
		       : PASSED_UNKNOWN;
#else
	return PASSED_NOT; /* arm64 has a register for it */
#endif
}
