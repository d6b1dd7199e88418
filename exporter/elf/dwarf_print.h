/* SPDX-License-Identifier: GPL-2.0-only */
/* DWARF types for types/declaration.h; for the confined child, as all that reads DWARF is. */
#ifndef ELF_DWARF_PRINT_H
#define ELF_DWARF_PRINT_H

#include <elfutils/libdw.h>

#include "types/declaration.h"

/* The number of a type, or of a function, whose type is printed as that of a DECL_FUNCTION. */
uint64_t dwarf_print__id(const Dwarf_Die *die);

/* Valid as long as dwarf is. */
struct decl_types dwarf_print__types(Dwarf *dwarf);

#endif /* ELF_DWARF_PRINT_H */
