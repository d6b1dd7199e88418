/* SPDX-License-Identifier: GPL-2.0-only */
/* A program or library: its symbols and types, and which of its functions may be probed. */
#pragma once

#include "base/strmap.h"
#include "discover/elf_names.h"
#include "discover/env.h"
#include "discover/target.h"
#include "elf/parameters.h"
#include "elf/types.h"

/* The offset of a denied function, which may have other names. */
struct elf_denied {
	uint64_t offset;
	const char *why;
};

/* An ELF file that a pattern names, opened once. */
struct elf_file {
	char *path;
	struct file_id id;	     /* of the file, readable or not */
	struct opened_file *opened;  /* NULL: see why */
	struct opened_file *debug;   /* debug file of a stripped file; NULL: none */
	struct elf_symbols *symbols; /* NULL: see why */
	struct elf_types *types;     /* NULL: unknown, or not read yet */
	bool types_tried;
	struct parameters_wanted *wanted; /* functions whose parameters are needed */
	size_t nwanted, nasked;		  /* the first nasked were read, if they are described */
	struct strmap wanted_at;	  /* their offsets, as text */
	unsigned reads;
	struct elf_parameters **parameters; /* of those that were read */
	size_t nparameters;
	char *why;
	struct elf_names *names;   /* NULL without symbols */
	struct elf_denied *denied; /* sorted by offset */
	size_t ndenied;
};

/* Never NULL. A file that cannot be read has no symbols, and f->why (for messages). */
struct elf_file *elf_file__open(const struct discover_env *env, const char *path);
/* The same for a file that is open already. path: for messages, and to look for debug files. */
struct elf_file *elf_file__of(const struct discover_env *env, struct opened_file *opened,
			      const char *path);
void elf_file__free(struct elf_file *f);
/* REASON_NONE: the function may be probed. Else the reason with *why (to be freed); why may be
 * NULL. */
enum target_reason elf_file__verdict(const struct elf_file *f, const struct elf_symbol *sym,
				     char **why);
/* Sets the type of t, which is the function sym of f, if the file describes it. */
void elf_file__type(struct elf_file *f, const struct discover_env *env,
		    const struct elf_symbol *sym, struct target *t);
/* Has the parameters of the function sym read, together with those of others that are wanted.
 * False: they are already wanted, or there are none. */
bool elf_file__want_parameters(struct elf_file *f, const struct discover_env *env,
			       const struct elf_symbol *sym);
/* Whether it has the calling convention of Go, by its name: for files without DWARF. */
bool elf_file__is_go(const struct elf_file *f, uint64_t offset);
/* The parameters of the function at that offset, which must be wanted. Borrowed. False: the file
 * does not describe them. */
bool elf_file__parameters(struct elf_file *f, const struct discover_env *env, uint64_t offset,
			  struct elf_function *out);
