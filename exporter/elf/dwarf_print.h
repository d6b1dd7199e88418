/* SPDX-License-Identifier: GPL-2.0-only */
/* DWARF types for types/declaration.h. For use in a confined child. */
#pragma once

#include <elfutils/libdw.h>

#include "types/declaration.h"

/* The number of a type. A function counts as its own type, a DECL_FUNCTION. */
uint64_t dwarf_print__id(const Dwarf_Die *die);
const char *dwarf_print__name(Dwarf_Die *die); /* "" if it has none */

/* Valid as long as dwarf is. */
struct decl_types dwarf_print__types(Dwarf *dwarf);
