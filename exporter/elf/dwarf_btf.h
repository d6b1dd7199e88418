/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Translates types from DWARF to BTF, so that expressions over parameters of user functions are
 * compiled like those over parameters of kernel functions. For use in a confined child.
 */
#pragma once

#include <bpf/btf.h>

#include "elf/dwarf_die.h"
#include "elf/parameters_image.h"

/* Types in all. Further ones are not described: the nearest to the parameters come first. */
#define DWARF_BTF_TYPES	  100000
#define DWARF_BTF_MEMBERS 1000000 /* likewise; and enumerators */

struct dwarf_btf;

/* 0 or a negative errno. */
int dwarf_btf__new(struct dwarf_btf **out);
void dwarf_btf__free(struct dwarf_btf *b); /* NULL is fine */
/* The id that the function's BTF_KIND_FUNC_PROTO will have; 0: there are too many types. Add all
 * functions first: they have the ids from PARAMETERS_FIRST_PROTO on. */
uint32_t dwarf_btf__add_function(struct dwarf_btf *b, Dwarf_Die *function);
/* Writes all types that the functions lead to. NULL: out of memory. Owned by b. */
const void *dwarf_btf__finish(struct dwarf_btf *b, uint32_t *size);
