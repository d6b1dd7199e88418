/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The symbols of a stripped file: in a debug file, which its build-id or .gnu_debuglink names, or
 * packed in .gnu_debugdata. For use in a confined child.
 */
#pragma once

#include "elf/input.h"
#include "elf/symbol.h"

/* An ELF file with debug symbols. */
struct elf_debug {
	struct elf_input in; /* no sections: there are no debug symbols */
	void *unpacked;
};

/* Reads the file's build-id and .gnu_debuglink. The name in *out is safe to use in a path. */
void elf_debug__read_link(struct elf_input *in, struct elf_debug_link *out);
/* Opens the debug file fd, or the file's .gnu_debugdata if fd is -1. 0, also if there is neither;
 * or an error as of elf_input__open(). The caller closes d in either case. */
int elf_debug__open(struct elf_debug *d, struct elf_input *of, int fd,
		    const struct elf_debug_link *link);
void elf_debug__close(struct elf_debug *d);
/* 0: in is the debug file that link names, by build-id, or by checksum if either has no build-id.
 * Else a negative errno with in->why. */
int elf_debug__matches(struct elf_input *in, const struct elf_debug_link *link);
