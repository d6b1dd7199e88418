/* SPDX-License-Identifier: GPL-2.0-only */
/* Types of functions from a .BTF section. For use in a confined child. */
#pragma once

#include "elf/types_builder.h"

/* Adds the functions of elf, whose debug file is debug (or elf again): either may have the BTF, or
 * the symbols. 0, also if there is no BTF; or a negative errno. */
int elf_btf__read(struct types_builder *b, Elf *elf, Elf *debug);
