/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of discovery share among themselves; nobody else includes this. */
#ifndef DISCOVER_INTERNAL_H
#define DISCOVER_INTERNAL_H

#include "types/kernel_functions.h"
#include "base/buf.h"
#include "discover/discover.h"
#include "elf/symbols.h"
#include "elf/types.h"
#include "kernel/module_list.h"
#include "kernel/symbols.h"

/* Where something is that must not be probed, whatever else it is called. */
struct denied_place {
	uint64_t offset;
	const char *why;
};

/* An ELF file that some pattern names, opened once. */
struct elf_file {
	char *path;
	struct file_id id;	     /* what is there, whether it can be read or not */
	struct opened_file *opened;  /* NULL: see why */
	struct opened_file *debug;   /* of a stripped one, the file with its debug symbols */
	struct elf_symbols *symbols; /* the same as opened */
	struct elf_types *types;     /* NULL: none are known, or they have not been asked for */
	bool types_tried;
	char *why;
	struct elf_names *names;     /* discover/demangled.c */
	struct denied_place *denied; /* by offset */
	size_t ndenied;
};

/* A target in the making. Exact claims beat globs. */
struct claim {
	struct target *target; /* NULL: its only name has turned out to be another's */
	bool exact;
	bool disputed; /* exact claims do not agree: nobody has it */
	bool named;    /* the first of its names is told */
};

/* A name that the configuration claims, and what it is the name of. */
struct claimed_name {
	enum target_type type;
	struct target_name name;
	struct claim *claim;
};

struct discovery {
	const struct discover_env *env;
	struct claim **claims; /* in the order of the configuration */
	size_t nclaims;
	struct claimed_name **names; /* likewise */
	size_t nnames;
	/* tsearch(3) trees of names, and of claims that can be had. */
	void *by_name, *by_place;
	char *error;
	/* Of the glob that is being resolved: functions that cannot be had the way they are asked
	 * for, and the first one's error. */
	size_t nrefused;
	char *refusal;
	const struct config *config;
	const struct pattern **used; /* exclusions that have excluded something */
	size_t nused;

	/* The sources, each read when it is first needed. */
	struct symbols *symbols;
	bool symbols_tried;
	int symbols_error;
	struct btf_types *btf;
	bool btf_tried;
	struct elf_file **files;
	size_t nfiles;
	struct module_list *modules; /* NULL: see modules_error */
	bool modules_tried;
	int modules_error;
	char *modules_path; /* what was read for them, or could not be */
	char *libc;	    /* its path, for suggestions */
};

/* What is being resolved, and for whom. */
struct request {
	const struct probe_list *list;
	const struct pattern *pattern;
};

/* What a glob has matched. */
struct events {
	size_t taken, denied, ambiguous, excluded;
};

/* ---- discover/claim.c ---- */

/* Enters t, which is taken. -EINVAL with d->error: claimed twice, with different settings. */
int discovery__claim(struct discovery *d, const struct request *r, struct target *t);
/* The same for one that cannot be attached; why is taken. */
int discovery__claim_failed(struct discovery *d, const struct request *r, struct target *t,
			    enum target_reason reason, char *why);
/* Who has claimed the function of t, by whatever name; NULL: nobody, or t has a reason. */
struct claim *discovery__find_place(const struct discovery *d, struct target *t);
/* All targets, the attachable ones first; they leave d. */
struct targets *discovery__collect(struct discovery *d);
void discovery__free_claims(struct discovery *d);

/* ---- discover/discover.c ---- */

/* By the request's own list, or by what the user has excluded from presets. */
bool discovery__excluded(struct discovery *d, const struct request *r, const char *object,
			 const char *function);
/* Ends a glob: says what was left out, and makes a target of a glob that has none. */
int discovery__finish_glob(struct discovery *d, const struct request *r, enum target_type type,
			   const char *object, const struct events *events,
			   enum target_reason reason_nothing, char *why_nothing);
/* Is name a variant of `function` that the compiler made of all of it? "f.isra.0" of "f" */
bool discovery__is_clone(const char *name, const char *function);
/* The pattern's functions as they were written: "a|b". To be freed. */
char *discovery__written(const struct pattern *p);
/* The same in a sentence: "a, b or c". */
char *discovery__in_words(const struct pattern *p);

struct symbols *discovery__symbols(struct discovery *d);     /* NULL: see symbols_error */
struct module_list *discovery__modules(struct discovery *d); /* NULL: see modules_error */
void discovery__release(struct discovery *d);

/* ---- discover/capture.c ---- */

/* Gives t, whose kind is known, its labels, filters and observed values. -EINVAL and *why with
 * *pos: they cannot be had of it. */
int discover_extra(struct discovery *d, const struct probe_settings *s, struct target *t,
		   const struct source_pos **pos, char **why);

/* ---- discover/clones.c ---- */

/* Tells of targets which clones of them are not probed. */
void discover_clones(struct discovery *d);

/* ---- discover/exits.c ---- */

/* Finds where user functions are left, for those that uprobe.ret may get. */
void discover_exits(struct targets *all, const char *mechanism);

/* ---- discover/demangled.c ---- */

struct elf_names *elf_names__new(void);
void elf_names__free(struct elf_names *n); /* NULL is fine */
/* What sym is called in the source; NULL: the same. */
const char *discover_demangled__name(const struct elf_file *f, const struct elf_symbol *sym);
/* The same without a parameter list, to be freed. */
char *discover_demangled__bare(const struct elf_file *f, const struct elf_symbol *sym);
/* Whether there is one function only of that name, which is one of these. */
bool discover_demangled__is_unique(const struct elf_file *f, const char *name);
/* How many functions are called that in the source, with or without a parameter list; the only one,
 * or a list of them. */
size_t discover_demangled__find(const struct elf_file *f, const char *text, struct elf_symbol *sym,
				struct buf *candidates);
/* Whether a glob of such names matches. */
bool discover_demangled__matches(const struct elf_file *f, const struct pattern *p,
				 const struct elf_symbol *sym);
/* "; did you mean ...?" */
char *discover_demangled__near(const struct elf_file *f, const char *text);

/* ---- discover/dynamic.c ---- */

/* A name with a version ("f@V", "f@@V"): the function, and what it is called then (to be freed). */
bool discover_version__find(const struct elf_file *f, const char *name, struct elf_symbol *sym,
			    char **label);
/* What versions there are in the place of that one; NULL: it is not for the version. */
char *discover_version__why(const struct elf_file *f, const char *name);
/* That the file imports it, and from where; NULL: it does not. */
char *discover_import__why(struct discovery *d, const struct elf_file *f, const char *name);

/* ---- discover/hints.c ---- */

/*
 * What may have been meant by a pattern that finds nothing, as the end of a sentence: "; did you
 * mean a, b or c?", or "". To be freed.
 */
/* Something of that very name in another kind of object. NULL: there is none, but near names may be
 * worth a word. */
char *discover_hint__elsewhere(struct discovery *d, const struct request *r);
/* That, or near kernel functions (of that object; NULL: any) and system calls. */
char *discover_hint__kernel(struct discovery *d, const struct request *r, const char *object);
/* The OBJECT of the pattern is no module: a program or library of that name, or a near module. */
char *discover_hint__object(struct discovery *d, const struct request *r);
/* There is no file at path. */
char *discover_hint__path(const char *path, const char *functions);
/* A whole sentence, if the OBJECT is what another tool calls a kind of probe; else NULL. */
char *discover_hint__foreign(const struct pattern *p);

/* ---- discover/file.c ---- */

/* Read once. One that cannot be has no symbols, and a why. */
struct elf_file *discover_file__open(struct discovery *d, const char *path);
/* Whether a function of f may be probed: REASON_NONE, or *why it may not, to be freed. why NULL:
 * nobody wants to know. */
enum target_reason discover_file__verdict(const struct elf_file *f, const struct elf_symbol *sym,
					  char **why);
/* Gives t, a function of f at that offset, its type, if the file has it. */
void discover_file__type(const struct discovery *d, struct elf_file *f,
			 const struct elf_symbol *sym, struct target *t);

/* ---- one file per type of target ---- */

int discover_kernel(struct discovery *d, const struct request *r);
int discover_syscall(struct discovery *d, const struct request *r);
int discover_user(struct discovery *d, const struct request *r);

/* Whether sym may be probed: REASON_NONE, or *why (static) it is denied. */
enum target_reason discover_kernel__verdict(const struct symbols *s, const struct ksym *sym,
					    const char **why);
struct btf_types *discover_kernel__types(struct discovery *d); /* NULL: no BTF */
void discover_kernel__type(struct discovery *d, const struct ksym *sym, struct target *t);

#endif /* DISCOVER_INTERNAL_H */
