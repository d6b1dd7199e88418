/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types of the functions of a program or library, from its DWARF or BTF. The file may be hostile,
 * so a confined child reads it within limits, and the result is checked.
 */
#pragma once

#include "bpf/abi.h"
#include "types/enumerators.h"
#include "base/util.h"

struct elf_types;

/* The return type of a function, and its prototype as C text. */
struct elf_function_type {
	enum rp_kind kind; /* RP_KIND_ERRNO: any signed integer */
	uint8_t size;	   /* bytes of the result: 1, 2, 4, 8 */
	char *signature;   /* to be freed, as are the enumerators (enumerators__free()) */
	struct enumerator *enumerators;
	size_t nenumerators;
};

/*
 * Reads the DWARF of the debug file debug_fd (elf/debug_file.h), or of the file itself if that is
 * -1, and its BTF. path is for messages. 0, also if there is neither; or a negative errno with *why
 * (to be freed).
 */
int elf_types__read(int fd, int debug_fd, const char *path, struct elf_types **out, char **why);
void elf_types__free(struct elf_types *t); /* NULL is fine */

size_t elf_types__count(const struct elf_types *t);
/* Where elf/parameters.h finds that function; 0: there are no parameters. */
uint64_t elf_types__die(const struct elf_types *t, uint64_t offset);
/* The type of the function at that offset of the file. The signature gets that name. False: the
 * type is unknown. */
bool elf_types__find(const struct elf_types *t, uint64_t offset, const char *name,
		     struct elf_function_type *out);
