/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a return probe could harm a program. Such a probe puts an address of the kernel's in the
 * place of the return address on the stack. Code that walks the stack, leaves frames behind or
 * moves them elsewhere then meets an address that it does not know. What is in a file tells whether
 * it has such code; the table is in elf/hazards.c.
 */
#ifndef ELF_HAZARDS_H
#define ELF_HAZARDS_H

#include "base/util.h"

enum hazard {
	HAZARD_EXCEPTIONS = 1 << 0, /* C++ and others: the unwinder walks the stack */
	HAZARD_PANIC = 1 << 1,	    /* Rust's */
	HAZARD_LONGJMP = 1 << 2,
	HAZARD_CANCEL = 1 << 3, /* threads that are ended by unwinding their stacks */
	HAZARD_STACKS = 1 << 4, /* coroutines: more than one stack to a thread */
	HAZARD_SPLIT_STACK = 1 << 5,
	HAZARD_GO = 1 << 6,
	HAZARD_LIBC = 1 << 7, /* everything calls it, so it is unwound through by anybody's code */
};
#define HAZARDS_ALL 0xffU

/* Which of them a symbol (defined or imported; len: without its version) or a section tells. */
uint32_t hazards__of_symbol(const char *name, size_t len);
uint32_t hazards__of_section(const char *name);
/* In words, with commas between them; to be freed. "" for none. */
char *hazards__in_words(uint32_t hazards);

#endif /* ELF_HAZARDS_H */
