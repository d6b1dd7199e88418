/* SPDX-License-Identifier: GPL-2.0-only */
/* Attributes of DWARF entries, as several readers need them. For use in a confined child. */
#pragma once

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "base/util.h"

/* Chains of types are limited, as a hostile file may have loops. */
#define DWARF_DEPTH_MAX 16

/* "" if it has no name. */
const char *dwarf_die__name(Dwarf_Die *die);
/* The type of die. False: it has none (void), or the reference is broken. */
bool dwarf_die__type(Dwarf_Die *die, Dwarf_Die *out);
/* The number of elements of a DW_TAG_subrange_type. False: it is unknown, or known only at run
 * time. */
bool dwarf_die__elements(Dwarf_Die *range, Dwarf_Word *out);
/* An unsigned attribute. False: there is none. */
bool dwarf_die__number(Dwarf_Die *die, unsigned name, Dwarf_Word *out);
/* DW_AT_const_value. False: there is none. */
bool dwarf_die__constant(Dwarf_Die *die, int64_t *out);
bool dwarf_die__flag(Dwarf_Die *die, unsigned name);
/* Sees through typedefs and qualifiers. False: void, or broken. */
bool dwarf_die__resolve(Dwarf_Die *type);
/* The entry that lists the function's parameters: the abstract instance, if there is one. */
Dwarf_Die dwarf_die__declaration(Dwarf_Die *function);
/* The parameter among the function's own entries that stands for this one of its declaration, with
 * its location. False: the compiler has left it out. */
bool dwarf_die__concrete(Dwarf_Die *function, Dwarf_Die *parameter, Dwarf_Die *out);
/* Whether the function has the register calling convention of Go, ABIInternal. */
bool dwarf_die__is_go(Dwarf_Die *function);
/* Whether a formal parameter is a result: Go lists results as parameters. */
bool dwarf_die__is_result(Dwarf_Die *parameter);
