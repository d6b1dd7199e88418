/* SPDX-License-Identifier: GPL-2.0-only */
/* DWARF types for types/declaration.h. For use in a confined child. */
#ifndef ELF_DWARF_PRINT_H
#define ELF_DWARF_PRINT_H

#include <elfutils/libdw.h>

#include "types/declaration.h"

/* The number of a type. A function counts as its own type, a DECL_FUNCTION. */
uint64_t dwarf_print__id(const Dwarf_Die *die);

/* Valid as long as dwarf is. */
struct decl_types dwarf_print__types(Dwarf *dwarf);

#endif /* ELF_DWARF_PRINT_H */
