/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a function's parameters are when it is entered. For use in a confined child. */
#pragma once

#include "elf/dwarf_die.h"
#include "types/places.h"

struct dwarf_places {
	bool changed; /* the symbol is a clone, as f.isra.0: its convention is its own */
	bool go;      /* out: the words are Go's argument registers */
	struct parameter_place *v;
	size_t n;
};

/* Finds the place of each parameter, in the order of its declaration. The caller frees p->v. */
void dwarf_places__find(Dwarf_Die *function, struct dwarf_places *p);
