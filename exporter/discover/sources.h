/* SPDX-License-Identifier: GPL-2.0-only */
/* The sources of discovery. Each is read when it is first needed. */
#pragma once

#include "discover/elf_file.h"
#include "discover/env.h"
#include "kernel/symbols.h"
#include "kernel/module_list.h"
#include "types/kernel_functions.h"

struct program_elf {
	const struct program_file *program;
	struct elf_file *file;
};

struct sources {
	const struct discover_env *env;
	struct symbols *symbols;
	bool symbols_tried;
	int symbols_error;
	struct kernel_functions *types;
	bool types_tried;
	struct elf_file **files;
	size_t nfiles;
	struct program_elf *programs; /* selected files */
	size_t nprograms;
	struct module_list *modules;
	bool modules_tried;
	int modules_error;
	char *modules_path;	/* of the file that was read, or could not be read */
	char *libc;		/* its path, for suggestions */
	uint32_t told_counters; /* bits of counters that are known to be unavailable */
};

struct symbols *sources__symbols(struct sources *s); /* NULL: see symbols_error */
/* Why there are none, to be freed. */
char *sources__no_symbols(const struct sources *s);
struct module_list *sources__modules(struct sources *s);	     /* NULL: see modules_error */
struct kernel_functions *sources__types(struct sources *s);	     /* NULL: there is no BTF */
struct elf_file *sources__file(struct sources *s, const char *path); /* as elf_file__open() */
/* The file that has a target, or NULL: none that is open. */
struct elf_file *sources__file_of(struct sources *s, const struct target *t);
/* As elf_file__of(). */
struct elf_file *sources__program(struct sources *s, const struct program_file *f);
const char *sources__libc(struct sources *s); /* its path; NULL: not found */
void sources__release(struct sources *s);
