/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * C and C++ have a calling convention, which gives the registers. Compilers deviate from it where
 * they see all callers, so the debug information must confirm it:
 *
 *   - A parameter without a location, or with a constant one, is not used. LLVM then lets callers
 *     pass anything (RemoveDeadArgumentsFromCallers() in DeadArgumentElimination.cpp).
 *   - A location at the entry that is another register shows another convention.
 *   - Without optimisation, the parameter is in memory throughout.
 *
 * Other languages, clones (f.constprop.0) and functions that LLVM marks (DW_CC_nocall) have no
 * known convention, nor have parameters after one whose passing is unknown. Optimised code
 * describes the location at the entry, which is taken then. If a function assigns one parameter to
 * another at once, that location is already the new one. So the registers must be different ones,
 * in the order of the parameters.
 */
#include "elf/dwarf_places.h"

#include "elf/dwarf_classes.h"

#define REGISTERS_MAX 16 /* of one parameter */

/* The words of argument registers, by their DWARF number; 0: none, else the word plus 1. */
#if defined(__x86_64__)
static const uint8_t c_words[] = { [5] = 1, [4] = 2, [1] = 3, [2] = 4, [8] = 5, [9] = 6 };
static const uint8_t go_words[] = {
	[0] = 1, [3] = 2, [2] = 3, [5] = 4, [4] = 5, [8] = 6, [9] = 7, [10] = 8, [11] = 9
};
#define C_REGISTERS 6
#define FLOAT_FIRST 17
#define FLOAT_LAST  32
#elif defined(__aarch64__)
static const uint8_t c_words[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t go_words[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
#define C_REGISTERS 8
#define FLOAT_FIRST 64
#define FLOAT_LAST  95
#else /* no convention is known */
static const uint8_t c_words[] = { 0 };
static const uint8_t go_words[] = { 0 };
#define C_REGISTERS 0
#define FLOAT_FIRST 1
#define FLOAT_LAST  0
#endif

/* DW_AT_calling_convention of a function */
#define DW_CC_NORMAL 0x01

/* ---- locations ------------------------------------------------------------------------------- */

enum located {
	LOCATED_NOWHERE,
	LOCATED_REGISTERS,
	LOCATED_MEMORY,
	LOCATED_LATER, /* the entry is not described */
};

struct location {
	enum located how;
	bool always; /* not only at the entry */
	unsigned n;
	uint64_t reg[REGISTERS_MAX];
};

static bool register_of(const Dwarf_Op *op, uint64_t *out)
{
	if (op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31)
		*out = op->atom - DW_OP_reg0;
	else if (op->atom == DW_OP_regx)
		*out = op->number;
	else
		return false;
	return true;
}

/* A register, or whole words in several. */
static bool read_registers(const Dwarf_Op *op, size_t n, struct location *out)
{
	for (size_t i = 0; i < n; i += 2) {
		if (out->n == REGISTERS_MAX || !register_of(&op[i], &out->reg[out->n++]))
			return false;
		if (n == 1)
			return true;
		if (i + 1 == n || op[i + 1].atom != DW_OP_piece ||
		    (i + 2 < n && op[i + 1].number != sizeof(uint64_t)))
			return false;
	}
	return n > 0;
}

static bool is_memory(const Dwarf_Op *op, size_t n)
{
	return n && op[n - 1].atom != DW_OP_stack_value && op[n - 1].atom != DW_OP_piece &&
	       (op->atom == DW_OP_fbreg || op->atom == DW_OP_call_frame_cfa ||
		(op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31));
}

static bool is_entry_value(const Dwarf_Op *op, size_t n)
{
	return n && (op->atom == DW_OP_entry_value || op->atom == DW_OP_GNU_entry_value);
}

/* The first location that is described. GCC describes the entry twice if the first statement
 * changes the parameter: first as passed, for a range without code. */
static void locate(Dwarf_Die *parameter, Dwarf_Addr entry, struct location *out)
{
	Dwarf_Addr base, start, end;
	Dwarf_Attribute attr;
	Dwarf_Op *op;
	size_t n;

	*out = (struct location){};
	if (!dwarf_attr(parameter, DW_AT_location, &attr) ||
	    dwarf_getlocations(&attr, 0, &base, &start, &end, &op, &n) <= 0)
		return;
	out->always = !start && end == (Dwarf_Addr)-1;
	if (read_registers(op, n, out))
		out->how = LOCATED_REGISTERS;
	else if (is_memory(op, n))
		out->how = LOCATED_MEMORY;
	else if (is_entry_value(op, n))
		out->how = LOCATED_LATER;
	if (out->how != LOCATED_NOWHERE && !out->always && start > entry)
		out->how = LOCATED_LATER;
}

/* The words of a location in registers. False: they are not successive argument registers. */
static bool words_of(const struct location *l, bool go, uint8_t *first)
{
	const uint8_t *words = go ? go_words : c_words;
	size_t n = go ? ARRAY_SIZE(go_words) : ARRAY_SIZE(c_words);

	for (unsigned i = 0; i < l->n; i++) {
		unsigned word = l->reg[i] < n ? words[l->reg[i]] : 0;

		if (!word || (i && word != *first + i + 1))
			return false;
		if (!i)
			*first = word - 1;
	}
	return l->n > 0;
}

static struct parameter_place in_words(unsigned first, unsigned n)
{
	if (first + n > PLACE_WORDS)
		return (struct parameter_place){ .kind = PLACE_STACK };
	return (struct parameter_place){ PLACE_REGISTER, first, n };
}

/* ---- by location ----------------------------------------------------------------------------- */

static bool is_float(const struct location *l)
{
	return l->n && l->reg[0] >= FLOAT_FIRST && l->reg[0] <= FLOAT_LAST;
}

static struct parameter_place by_location(const struct location *l, bool go, unsigned *next)
{
	uint8_t first;

	if (l->how == LOCATED_MEMORY)
		return (struct parameter_place){ .kind = go && !l->always ? PLACE_STACK
									  : PLACE_UNKNOWN };
	if (l->how == LOCATED_NOWHERE)
		return (struct parameter_place){ .kind = PLACE_DROPPED };
	if (l->how != LOCATED_REGISTERS)
		return (struct parameter_place){ .kind = PLACE_UNKNOWN };
	if (!words_of(l, go, &first))
		return (struct parameter_place){ .kind = is_float(l) ? PLACE_FLOAT
								     : PLACE_UNKNOWN };
	if (first < *next)
		*next = UINT32_MAX; /* this one or the one before is misleading */
	else if (*next != UINT32_MAX)
		*next = first + l->n;
	return in_words(first, l->n);
}

/* The parameters from number `first` on, which are after `next` registers. */
static void find_by_location(Dwarf_Die *function, Dwarf_Addr entry, size_t first, unsigned next,
			     struct dwarf_places *p)
{
	Dwarf_Die declaration = dwarf_die__declaration(function), child, own;
	size_t i = 0;

	for (int err = dwarf_child(&declaration, &child); !err && i < p->n;
	     err = dwarf_siblingof(&child, &child)) {
		struct location l = {};

		if (dwarf_tag(&child) != DW_TAG_formal_parameter || dwarf_die__is_result(&child) ||
		    i++ < first)
			continue;
		if (dwarf_die__concrete(function, &child, &own))
			locate(&own, entry, &l);
		p->v[i - 1] = by_location(&l, p->go, &next);
	}
	for (i = first; i < p->n && next == UINT32_MAX; i++)
		p->v[i] = (struct parameter_place){ .kind = PLACE_UNKNOWN };
}

/* ---- by convention --------------------------------------------------------------------------- */

/* PLACE_REGISTER if the debug information confirms a place, else why it cannot be used. */
static enum place_kind confirm(Dwarf_Die *function, Dwarf_Die *parameter, Dwarf_Addr entry,
			       const struct parameter_place *place)
{
	Dwarf_Die own;
	struct location l;
	uint8_t first;

	if (!dwarf_die__concrete(function, parameter, &own))
		return PLACE_DROPPED;
	locate(&own, entry, &l);
	switch (l.how) {
	case LOCATED_NOWHERE:
		return PLACE_DROPPED;
	case LOCATED_LATER:
		return PLACE_UNKNOWN;
	case LOCATED_MEMORY: /* without optimisation; or of a class that is passed as a pointer */
		return PLACE_REGISTER;
	case LOCATED_REGISTERS:
		break;
	}
	if (words_of(&l, false, &first))
		return first == place->word && l.n == place->words ? PLACE_REGISTER : PLACE_DROPPED;
	/* `register` without optimisation: it is copied there */
	return l.always ? PLACE_REGISTER : PLACE_DROPPED;
}

/* The place of a value, after *next registers. */
static struct parameter_place place(const struct passing *passing, unsigned *next)
{
	unsigned first = *next;

	switch (passing->how) {
	case PASSED_WORDS:
	case PASSED_FLOATS:
		if (first + passing->words > C_REGISTERS) {
#ifdef __aarch64__
			*next = C_REGISTERS; /* nor do later ones get a register */
#endif
			return (struct parameter_place){ .kind = PLACE_STACK };
		}
		*next += passing->words;
		if (passing->how == PASSED_FLOATS)
			return (struct parameter_place){ .kind = PLACE_FLOAT };
		return in_words(first, passing->words);
	case PASSED_STACK:
		return (struct parameter_place){ .kind = PLACE_STACK };
	case PASSED_NOT:
		return (struct parameter_place){ .kind = PLACE_DROPPED };
	case PASSED_UNKNOWN:
		break;
	}
	return (struct parameter_place){ .kind = PLACE_UNKNOWN };
}

/* Constructors of classes with virtual bases have parameters that are not always passed. */
static bool is_hidden(Dwarf_Die *parameter)
{
	const char *name = dwarf_die__name(parameter);

	return dwarf_die__flag(parameter, DW_AT_artificial) && strcmp(name, "this") &&
	       strcmp(name, "__closure");
}

/* The registers before the first parameter. False: unknown. */
static bool skip_result(Dwarf_Die *function, bool cxx, unsigned *next)
{
	enum passed hidden = PASSED_NOT;
	Dwarf_Die type;

	if (dwarf_die__type(function, &type))
		hidden = dwarf_classes__hidden(&type, cxx);
	else if (dwarf_hasattr_integrate(function, DW_AT_type))
		hidden = PASSED_UNKNOWN;
	*next = hidden == PASSED_WORDS;
	return hidden != PASSED_UNKNOWN;
}

static void find_by_convention(Dwarf_Die *function, Dwarf_Addr entry, bool cxx,
			       struct dwarf_places *p)
{
	Dwarf_Die declaration = dwarf_die__declaration(function), child, type;
	unsigned next;
	bool known = skip_result(function, cxx, &next);
	size_t i = 0;

	for (int err = dwarf_child(&declaration, &child); !err && i < p->n && known;
	     err = dwarf_siblingof(&child, &child)) {
		struct parameter_place *at = &p->v[i];
		struct passing passing = { .how = PASSED_UNKNOWN };

		if (dwarf_tag(&child) != DW_TAG_formal_parameter)
			continue;
		if (dwarf_die__type(&child, &type) && !is_hidden(&child))
			passing = dwarf_classes__of(&type, cxx);
		known = passing.how != PASSED_UNKNOWN;
		if (!known)
			break;
		*at = place(&passing, &next);
		if (at->kind == PLACE_REGISTER) {
			enum place_kind kind = confirm(function, &child, entry, at);

			if (kind != PLACE_REGISTER)
				*at = (struct parameter_place){ .kind = kind };
		}
		i++;
	}
	if (!known)
		find_by_location(function, entry, i, next, p);
}

/* ---- languages ------------------------------------------------------------------------------- */

enum language { LANGUAGE_C, LANGUAGE_CXX, LANGUAGE_OTHER };

/* With link-time optimisation, the declaration is in the unit of the source. */
static enum language language_of(Dwarf_Die *function)
{
	Dwarf_Die declaration = dwarf_die__declaration(function), unit;

	if (!dwarf_diecu(&declaration, &unit, NULL, NULL))
		return LANGUAGE_OTHER;
	switch (dwarf_srclang(&unit)) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case 0x2c: /* C17 */
		return LANGUAGE_C;
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
	case 0x2b: /* C++17 */
	case 0x2e: /* C++20 */
		return LANGUAGE_CXX;
	}
	return LANGUAGE_OTHER;
}

static size_t count(Dwarf_Die *function)
{
	Dwarf_Die declaration = dwarf_die__declaration(function), child;
	size_t n = 0;

	for (int err = dwarf_child(&declaration, &child); !err && n < PLACES_MAX;
	     err = dwarf_siblingof(&child, &child))
		n += dwarf_tag(&child) == DW_TAG_formal_parameter && !dwarf_die__is_result(&child);
	return n;
}

void dwarf_places__find(Dwarf_Die *function, struct dwarf_places *p)
{
	enum language language = language_of(function);
	Dwarf_Word convention = DW_CC_NORMAL;
	Dwarf_Addr entry = 0;

	dwarf_entrypc(function, &entry);
	dwarf_die__number(function, DW_AT_calling_convention, &convention);
	p->go = dwarf_die__is_go(function);
	p->n = count(function);
	p->v = xcalloc(p->n + 1, sizeof(*p->v));
	if (convention == DW_CC_NORMAL && !p->changed &&
	    (language == LANGUAGE_C || language == LANGUAGE_CXX))
		find_by_convention(function, entry, language == LANGUAGE_CXX, p);
	else
		find_by_location(function, entry, 0, 0, p);
}
