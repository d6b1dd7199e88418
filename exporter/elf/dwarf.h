/* SPDX-License-Identifier: GPL-2.0-only */
/* Types of functions from DWARF. For use in a confined child. */
#pragma once

#include "elf/types_builder.h"

/* Adds the functions of elf. 0, also if it has no DWARF; or -EMSGSIZE: there are too many. */
int elf_dwarf__read(struct types_builder *b, Elf *elf);
