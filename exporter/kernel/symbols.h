/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's functions by name: kallsyms joined with available_filter_functions and the kprobe
 * blacklist. All names of an address have the same state.
 */
#pragma once

#include "base/util.h"

#define SYMBOLS_VMLINUX "vmlinux" /* the object of built-in functions */

enum ksym_state {
	KSYM_TRACEABLE,
	KSYM_NOTRACE,	  /* not in available_filter_functions */
	KSYM_BLACKLISTED, /* on the kprobe blacklist */
	KSYM_INIT,	  /* ran at boot; its memory has other uses now */
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

/* Files to read. NULL: the running system's own. */
struct symbols_env {
	const char *kallsyms, *available_filter_functions, *kprobe_blacklist;
	int tracefs;
};

struct symbols;

/* Reads all files once. 0, or the negative errno of kallsyms if no file could be read. */
int symbols__read(const struct symbols_env *env, struct symbols **out);
void symbols__free(struct symbols *s);

/* 0, or the negative errno of available_filter_functions: then the states are guesses. */
int symbols__filter_error(const struct symbols *s);

const struct ksym *symbols__all(const struct symbols *s, size_t *n);
/* The symbols that the compiler derived from other functions: they have a '.' in their names. */
const struct ksym *const *symbols__derived(const struct symbols *s, size_t *n);
/* The first symbol of that name, and the next one of the same name in another object; or NULL. */
const struct ksym *symbols__find(const struct symbols *s, const char *name);
const struct ksym *symbols__next(const struct symbols *s, const struct ksym *sym);
/* The next name of the same address, in a ring; sym itself if it has no other, or addresses are
 * hidden. */
const struct ksym *symbols__alias(const struct symbols *s, const struct ksym *sym);
/* The first address after the code of a function, or an address before that; 0: hidden. */
uint64_t symbols__end(const struct symbols *s, const struct ksym *sym);
/* Whether the kernel's stack traces begin below the function: schedule(), mutex_lock() and others
 * that wait (__sched). */
bool symbols__is_scheduler(const struct symbols *s, const struct ksym *sym);
/* Whether there is a function of that module. */
bool symbols__has_object(const struct symbols *s, const char *object);
