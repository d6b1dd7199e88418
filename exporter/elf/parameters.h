/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters of user functions: their names, types and places, from DWARF. The file may be hostile,
 * so a confined child reads it within limits, and the result is checked.
 */
#pragma once

#include "elf/parameters_image.h"

struct btf;
struct elf_parameters;

/* The parameters of one function. Borrowed. */
struct elf_function {
	const struct btf *btf;
	uint32_t proto; /* BTF_KIND_FUNC_PROTO */
	const struct parameter_place *places;
	bool go; /* the words are Go's argument registers */
};

/* Reads the parameters of the wanted functions, as elf_types__read(). */
int elf_parameters__read(const struct parameters_request *request, int fd, int debug_fd,
			 const char *path, struct elf_parameters **out, char **why);
void elf_parameters__free(struct elf_parameters *p); /* NULL is fine */
/* False: that function was not wanted, or is not described. */
bool elf_parameters__find(const struct elf_parameters *p, uint64_t offset,
			  struct elf_function *out);
