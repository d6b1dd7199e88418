/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a stripped file has its symbols: in a file of their own, which its build-id or
 * .gnu_debuglink names, or packed in .gnu_debugdata. For use in a confined child.
 */
#ifndef ELF_DEBUG_H
#define ELF_DEBUG_H

#include "elf/input.h"
#include "elf/symbols.h"

/* An ELF file with debug symbols. */
struct elf_debug {
	struct elf_input in; /* no sections: there are no debug symbols */
	void *unpacked;
};

/* What the file says of its debug file; nothing that a path may not have. */
void elf_debug__read_link(struct elf_input *in, struct elf_debug_link *out);
/* Opens what fd has open (-1: nothing), or else what .gnu_debugdata of the file has. 0, also if
 * there is neither; or an error as of elf_input__open(). The caller closes in either case. */
int elf_debug__open(struct elf_debug *d, struct elf_input *of, int fd,
		    const struct elf_debug_link *link);
void elf_debug__close(struct elf_debug *d);
/* Whether the file with these symbols is the debug file that link means: by build-id, or where one
 * of the two has none, by its checksum. 0 or a negative errno with in->why. */
int elf_debug__matches(struct elf_input *in, const struct elf_debug_link *link);

#endif /* ELF_DEBUG_H */
