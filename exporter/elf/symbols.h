/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of an ELF file and their offsets, which uprobes need. The file may be hostile, so a
 * confined child reads it within limits, and the result is checked.
 */
#pragma once

#include "elf/symbol.h"

struct elf_symbols;

/*
 * Reads the file that fd has open; path is for messages. debug_fd: its debug file
 * (elf/debug_file.h), whose symbols are added, or -1. Symbols of .gnu_debugdata are always added.
 * Symbols outside of the file's own code are left out. A stripped file may have no functions. 0; or
 * a negative errno with *why (to be freed). -ENOENT: not a program, or beyond the limits.
 * -ETIMEDOUT, -ENOMEM, -EFAULT: the child took too long or too much memory, or crashed.
 */
int elf_symbols__read(int fd, int debug_fd, const char *path, struct elf_symbols **out, char **why);
/* The same in this process; for tests. */
int elf_symbols__read_here(int fd, int debug_fd, const char *path, struct elf_symbols **out,
			   char **why);
void elf_symbols__free(struct elf_symbols *e);

size_t elf_symbols__count(const struct elf_symbols *e);
struct elf_symbol elf_symbols__at(const struct elf_symbols *e, size_t i); /* sorted by name */
bool elf_symbols__find(const struct elf_symbols *e, const char *name, struct elf_symbol *out);
/* Parts that the compiler has split off the function ("f.cold", "f.cold.1"). Writes at most max;
 * returns their number. */
size_t elf_symbols__cold(const struct elf_symbols *e, const char *name, struct elf_extent *out,
			 size_t max);
size_t elf_symbols__ndynamics(const struct elf_symbols *e);
struct elf_dynamic elf_symbols__dynamic(const struct elf_symbols *e, size_t i);
size_t elf_symbols__nusdts(const struct elf_symbols *e);
struct elf_usdt elf_symbols__usdt(const struct elf_symbols *e, size_t i);
bool elf_symbols__stripped(const struct elf_symbols *e); /* has only exported symbols */
const struct elf_debug_link *elf_symbols__debug_link(const struct elf_symbols *e);
/* Why symbols of a debug file or of .gnu_debugdata could not be added; NULL: no error. */
const char *elf_symbols__debug_why(const struct elf_symbols *e);
/* Offset of the entry point, which has no return address; 0: none. */
uint64_t elf_symbols__entry(const struct elf_symbols *e);
uint32_t elf_symbols__hazards(const struct elf_symbols *e); /* bits of enum hazard */
