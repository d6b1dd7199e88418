/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a return probe could harm a program. It replaces the return address on the stack by an
 * address of the kernel. Code that walks the stack, drops frames or moves them then finds an
 * unknown address. Symbols and sections show whether a file has such code; elf/hazards.c has the
 * table.
 */
#pragma once

#include "base/util.h"

enum hazard {
	HAZARD_EXCEPTIONS = 1 << 0, /* the unwinder walks the stack: C++ and others */
	HAZARD_PANIC = 1 << 1,	    /* the same for Rust */
	HAZARD_LONGJMP = 1 << 2,
	HAZARD_CANCEL = 1 << 3, /* cancelling a thread unwinds its stack */
	HAZARD_STACKS = 1 << 4, /* coroutines: a thread has several stacks */
	HAZARD_SPLIT_STACK = 1 << 5,
	HAZARD_GO = 1 << 6,
	HAZARD_LIBC = 1 << 7, /* any program may unwind through it */
};
#define HAZARDS_ALL 0xffU

/* The hazards that a symbol or a section shows. len: of the name without its version. */
uint32_t hazards__of_symbol(const char *name, size_t len);
uint32_t hazards__of_section(const char *name);
/* In words, separated by commas; "": none. To be freed. */
char *hazards__in_words(uint32_t hazards);
