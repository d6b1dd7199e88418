/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How C and C++ pass values, by their types: System V for x86-64 (3.2.3), AAPCS64 for arm64. For
 * use in a confined child.
 */
#pragma once

#include "elf/dwarf_die.h"

enum passed {
	PASSED_WORDS,  /* in general registers, or on the stack if too few are left */
	PASSED_FLOATS, /* at least in part in floating-point registers */
	PASSED_STACK,
	PASSED_NOT,	/* an empty struct */
	PASSED_UNKNOWN, /* the file does not tell enough */
};

struct passing {
	enum passed how;
	uint8_t words; /* general registers that it takes */
};

/* How a value of that type is passed. cxx: the function is C++. */
struct passing dwarf_classes__of(Dwarf_Die *type, bool cxx);
/* Whether a value of that type is passed as a pointer to it. */
bool dwarf_classes__by_reference(Dwarf_Die *type);
/* Whether a result of that type is returned in memory whose address is the first argument.
 * PASSED_WORDS: it is; PASSED_NOT: it is not; PASSED_UNKNOWN. */
enum passed dwarf_classes__hidden(Dwarf_Die *type, bool cxx);
