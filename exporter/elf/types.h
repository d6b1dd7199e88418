/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types of a program's or library's functions, from its DWARF, or from its BTF. Whoever owns the
 * file may have written anything into it, so it is read in a confined child, within limits, and
 * what comes back is looked at again.
 */
#ifndef ELF_TYPES_H
#define ELF_TYPES_H

#include "bpf/abi.h"
#include "types/enumerators.h"
#include "base/util.h"

struct elf_types;

/* What a function returns, and its prototype as C text. */
struct elf_function_type {
	enum rp_kind kind; /* RP_KIND_ERRNO: any signed integer */
	uint8_t size;	   /* bytes of the result: 1, 2, 4, 8 */
	char *signature;   /* to be freed, as are the enumerators (enumerators__free()) */
	struct enumerator *enumerators;
	size_t nenumerators;
};

/*
 * Of the file that fd has open, from the DWARF in debug_fd (elf/debug_file.h), or in itself if that
 * is -1. path is for messages. 0, also if there is neither; or a negative errno and *why, to be
 * freed.
 */
int elf_types__read(int fd, int debug_fd, const char *path, struct elf_types **out, char **why);
void elf_types__free(struct elf_types *t); /* NULL is fine */

size_t elf_types__count(const struct elf_types *t);
/* Of the function that begins at that offset in the file, with that name in its signature. False:
 * its type is not known. */
bool elf_types__find(const struct elf_types *t, uint64_t offset, const char *name,
		     struct elf_function_type *out);

#endif /* ELF_TYPES_H */
