/* SPDX-License-Identifier: GPL-2.0-only */
/* Types are numbered by the address of their entry, by which libdw finds entries. */
#include "elf/dwarf_print.h"

#include <dwarf.h>

#define BROKEN 1 /* not an address of an entry */

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

uint64_t dwarf_print__id(const Dwarf_Die *die)
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
	return dwarf_formref_die(&attr, &target) ? dwarf_print__id(&target) : BROKEN;
}

const char *dwarf_print__name(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name ? name : "";
}

/* The number of elements. False: it is unknown, or known only at run time. */
static bool elements(Dwarf_Die *range, Dwarf_Word *out)
{
	Dwarf_Attribute attr;

	if (dwarf_attr(range, DW_AT_count, &attr))
		return !dwarf_formudata(&attr, out);
	if (!dwarf_attr(range, DW_AT_upper_bound, &attr) || dwarf_formudata(&attr, out))
		return false;
	*out += 1; /* C counts from 0 */
	return true;
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
		if (elements(&child, &n))
			len += snprintf(out + len, size - len, "[%llu]", (unsigned long long)n);
		else
			len += snprintf(out + len, size - len, "[]");
	}
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
		out->name = dwarf_print__name(&die);
		return true;
	}
	out->target = reference(&die, DW_AT_type);
	if (out->kind == DECL_ARRAY)
		describe_bounds(&die, out->bounds, sizeof(out->bounds));
	if (tag == DW_TAG_ptr_to_member_type)
		out->name = entry(dwarf, reference(&die, DW_AT_containing_type), &class)
				    ? dwarf_print__name(&class)
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
	if (*at && !entry(dwarf, *at, &die))
		return false;
	err = *at ? dwarf_siblingof(&die, &die) : dwarf_child(&die, &die);
	for (; !err; err = dwarf_siblingof(&die, &die)) {
		unsigned tag = dwarf_tag(&die);

		if (tag != DW_TAG_formal_parameter && tag != DW_TAG_unspecified_parameters)
			continue;
		/* A pointer to a member function does not show `this`. A member function does:
		 * so that arg0, arg1, ... follow its list. */
		if (is_type && dwarf_hasattr(&die, DW_AT_artificial))
			continue;
		*at = dwarf_print__id(&die);
		out->rest = tag == DW_TAG_unspecified_parameters;
		out->type = reference(&die, DW_AT_type);
		out->name = dwarf_print__name(&die);
		return true;
	}
	return false;
}

struct decl_types dwarf_print__types(Dwarf *dwarf)
{
	return (struct decl_types){ dwarf, look, parameter };
}
