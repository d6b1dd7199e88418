/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/kallsyms: the kernel's symbols. */
#pragma once

#include "base/util.h"

#define KALLSYMS	 "/proc/kallsyms"
#define KALLSYMS_VMLINUX "vmlinux" /* the object of built-in symbols */

struct kallsyms_line {
	uint64_t addr; /* 0: hidden from us */
	char type;
	const char *name, *object; /* object: "vmlinux" or a module */
};

/* Cuts the next line off *text, or returns NULL at the end. */
char *kallsyms__cut_line(char **text);
/* Of "name" or "name [module]": cuts the name off and returns the object. */
const char *kallsyms__cut_object(char *name);
/*
 * Cuts the next symbol off *text, skipping lines that have none; name and object stay in the text.
 * False: there is no other.
 */
bool kallsyms__next(char **text, struct kallsyms_line *out);
/* Whether the type is a function's. */
bool kallsyms__is_function(char type);
/* Whether the running kernel has a symbol of that name. Everybody may read names. */
bool kallsyms__has(const char *name);
