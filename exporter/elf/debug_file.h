/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file with the debug symbols of a program or library, as a distribution's -dbg, -dbgsym or
 * -debuginfo package installs it: symbols of all functions (.symtab), and their types (DWARF).
 *
 *	debug_file__open(f, path, elf_symbols__debug_link(symbols), &debug, &why)
 *
 * then read debug->fd in a confined child (files/confined.h): its content is as hostile as the
 *file's. A file that was not stripped has its DWARF in itself, so look there first.
 */
#ifndef ELF_DEBUG_FILE_H
#define ELF_DEBUG_FILE_H

#include "elf/symbols.h"
#include "files/opened_file.h"

/*
 * Looks for the debug file of f, which was opened by path, in the places where gdb looks: in
 * /usr/lib/debug by the build-id; then by the name in .gnu_debuglink, beside f, in .debug beside f,
 * and in /usr/lib/debug. A path through /proc/PID/root stays in that root. The file is used only if
 *   - its build-id is f's or, where one of the two has none, its checksum is the link's;
 *   - nobody could have written it who could not have written f.
 * 0 and *out (opened_file__unref() it); or -ENOENT with *why: NULL if there is no debug file, else
 * the reason why the file that was found is not used (one line, to be freed).
 */
int debug_file__open(const struct opened_file *f, const char *path,
		     const struct elf_debug_link *link, struct opened_file **out, char **why);

#endif /* ELF_DEBUG_FILE_H */
