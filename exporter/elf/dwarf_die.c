/* SPDX-License-Identifier: GPL-2.0-only */
#include "elf/dwarf_die.h"

const char *dwarf_die__name(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name ? name : "";
}

bool dwarf_die__type(Dwarf_Die *die, Dwarf_Die *out)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, out);
}

bool dwarf_die__number(Dwarf_Die *die, unsigned name, Dwarf_Word *out)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, name, &attr) && !dwarf_formudata(&attr, out);
}

bool dwarf_die__constant(Dwarf_Die *die, int64_t *out)
{
	Dwarf_Attribute attr;
	Dwarf_Sword value;
	Dwarf_Word word;
	unsigned form;

	if (!dwarf_attr(die, DW_AT_const_value, &attr))
		return false;
	form = dwarf_whatform(&attr);
	/* dwarf_formsdata() takes 200 in one byte (DW_FORM_data1) for -56. */
	if (form != DW_FORM_sdata && form != DW_FORM_implicit_const) {
		if (dwarf_formudata(&attr, &word))
			return false;
		*out = word;
		return true;
	}
	if (dwarf_formsdata(&attr, &value))
		return false;
	*out = value;
	return true;
}

bool dwarf_die__flag(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	bool set;

	return dwarf_attr_integrate(die, name, &attr) && !dwarf_formflag(&attr, &set) && set;
}

bool dwarf_die__elements(Dwarf_Die *range, Dwarf_Word *out)
{
	Dwarf_Attribute attr;

	if (dwarf_attr(range, DW_AT_count, &attr))
		return !dwarf_formudata(&attr, out);
	if (!dwarf_attr(range, DW_AT_upper_bound, &attr) || dwarf_formudata(&attr, out))
		return false;
	*out += 1; /* C counts from 0 */
	return true;
}

bool dwarf_die__resolve(Dwarf_Die *type)
{
	for (int depth = 0; depth < DWARF_DEPTH_MAX; depth++) {
		switch (dwarf_tag(type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			if (!dwarf_die__type(type, type))
				return false;
			continue;
		default:
			return true;
		}
	}
	return false;
}

Dwarf_Die dwarf_die__declaration(Dwarf_Die *function)
{
	Dwarf_Die die = *function;
	Dwarf_Attribute attr;

	for (int depth = 0; depth < DWARF_DEPTH_MAX; depth++)
		if (!dwarf_attr(&die, DW_AT_abstract_origin, &attr) ||
		    !dwarf_formref_die(&attr, &die))
			break;
	return die;
}

bool dwarf_die__concrete(Dwarf_Die *function, Dwarf_Die *parameter, Dwarf_Die *out)
{
	for (int err = dwarf_child(function, out); !err; err = dwarf_siblingof(out, out)) {
		Dwarf_Die origin;

		if (dwarf_tag(out) != DW_TAG_formal_parameter)
			continue;
		origin = dwarf_die__declaration(out);
		if (origin.addr == parameter->addr)
			return true;
	}
	return false;
}

bool dwarf_die__is_result(Dwarf_Die *parameter)
{
	return dwarf_die__flag(parameter, DW_AT_variable_parameter);
}

bool dwarf_die__is_go(Dwarf_Die *function)
{
	Dwarf_Attribute attr;
	const char *producer;
	Dwarf_Die unit;

	if (!dwarf_diecu(function, &unit, NULL, NULL) || dwarf_srclang(&unit) != DW_LANG_Go)
		return false;
	producer = dwarf_formstring(dwarf_attr(&unit, DW_AT_producer, &attr));
	return producer && strstr(producer, "regabi");
}
