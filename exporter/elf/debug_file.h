/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The debug file of a program or library, as a -dbg, -dbgsym or -debuginfo package installs it. It
 * has the symbols of all functions (.symtab) and their types (DWARF).
 *
 *	debug_file__open(f, path, elf_symbols__debug_link(symbols), &debug, &why)
 *
 * Then read debug->fd in a confined child (files/confined.h): it is as hostile as the file. A file
 * that was not stripped has its own DWARF, so look there first.
 */
#pragma once

#include "elf/symbol.h"
#include "files/opened_file.h"

/*
 * Looks for the debug file of f, which was opened as path, where gdb looks: in /usr/lib/debug by
 * the build-id; then by the name in .gnu_debuglink: next to f, in .debug next to f, and in
 * /usr/lib/debug. A path through /proc/PID/root stays in that root. The file is used only if
 *   - it has the build-id of f; or, if either has none, the checksum of the link;
 *   - only users who can write f can write it.
 * 0 and *out (opened_file__unref() it). -ENOENT with *why: NULL if there is no debug file, else why
 * the file that was found is not used (one line, to be freed).
 */
int debug_file__open(const struct opened_file *f, const char *path,
		     const struct elf_debug_link *link, struct opened_file **out, char **why);
