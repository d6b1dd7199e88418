/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's functions by name: kallsyms joined with what the kernel says it can trace
 * (available_filter_functions) and what it refuses to probe (the kprobe blacklist). Names of one
 * address are one function, and have one state.
 */
#ifndef KERNEL_KALLSYMS_H
#define KERNEL_KALLSYMS_H

#include "base/util.h"

#define SYMBOLS_VMLINUX "vmlinux" /* the object of what is built in */

enum ksym_state {
	KSYM_TRACEABLE,
	KSYM_NOTRACE,	  /* the kernel has it, but not in available_filter_functions */
	KSYM_BLACKLISTED, /* on the kprobe blacklist */
	KSYM_INIT,	  /* ran at boot, its memory is something else now */
};

/* One name in one object. */
struct ksym {
	const char *name;
	const char *object; /* "vmlinux" or a module */
	uint64_t addr;	    /* 0: hidden from us */
	uint32_t copies;    /* functions of this name in this object */
	enum ksym_state state;
	uint32_t next;	/* internal: the same name in another object */
	uint32_t alias; /* internal: another name of the address, in a ring */
};

/* Where to read. NULL members mean the running system's own; see discover/discover.h. */
struct symbols_env {
	const char *kallsyms, *available_filter_functions, *kprobe_blacklist;
	int tracefs;
};

struct symbols;

/* Reads everything once. 0, or the errno of kallsyms if no source could be read at all. */
int symbols__read(const struct symbols_env *env, struct symbols **out);
void symbols__free(struct symbols *s);

/* Errno (negative) that kept available_filter_functions from us, or 0: states are then guesses from
 * kallsyms. */
int symbols__filter_error(const struct symbols *s);

const struct ksym *symbols__all(const struct symbols *s, size_t *n);
/* Those of them that the compiler made of other functions: with a '.' in their names. */
const struct ksym *const *symbols__derived(const struct symbols *s, size_t *n);
/* The first symbol of that name, and the next one of the same name in another object; or NULL. */
const struct ksym *symbols__find(const struct symbols *s, const char *name);
const struct ksym *symbols__next(const struct symbols *s, const struct ksym *sym);
/* The next name of the same address, in a ring; sym itself if it has no other, or addresses are
 * hidden. */
const struct ksym *symbols__alias(const struct symbols *s, const struct ksym *sym);
/* Has a function of that module been seen? */
bool symbols__has_object(const struct symbols *s, const char *object);

#endif /* KERNEL_KALLSYMS_H */
