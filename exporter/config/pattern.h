/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PROBE grammar: [!][OBJECT:]FUNCTION[|FUNCTION...]. Functions with *why return 0, or -EINVAL
 * and a reason without a position (base/error.h).
 */
#pragma once

#include "base/source_pos.h"

enum object_type {
	OBJECT_ANY,	       /* a kernel function, built in or in any module */
	OBJECT_KERNEL,	       /* of this module, or "vmlinux" */
	OBJECT_MODULE,	       /* of this module, or built in on kernels without the module */
	OBJECT_SYSCALL,	       /* by name without any prefix */
	OBJECT_TRACEPOINT,     /* SUBSYSTEM:EVENT */
	OBJECT_RAW_TRACEPOINT, /* its name, as the kernel's code has it */
	OBJECT_USER,	       /* of an ELF file */
	OBJECT_USDT,	       /* [PROVIDER:]NAME of an ELF file */
	OBJECT_ENTRY,	       /* the entry of a function of an ELF file, as an event */
	OBJECT_SPAN,	       /* the name of a span; no PROBE */
};

/* One PROBE argument, or one entry of a YAML list. */
struct pattern {
	enum object_type type;
	char *object;	  /* module name or path; NULL for OBJECT_ANY, OBJECT_SYSCALL and
			   * tracepoints */
	char *text;	  /* in PROBE notation, for messages */
	char **functions; /* the alternatives of `a|b` in order, or a single name or glob */
	size_t nfunctions;
	bool glob;     /* functions[0] has unescaped * ? [ ]. Names are literal: their escapes are
			* already removed */
	bool exclude;  /* `!` */
	bool at_entry; /* of a kernel function: its entry, as an event */
	struct source_pos pos;
};

int pattern__parse(const char *text, struct pattern *out, char **why);
/* Parses text that has no OBJECT part, as type and object are known from its place. */
int pattern__parse_in(enum object_type type, const char *object, const char *text,
		      struct pattern *out, char **why);
/* Parses a USDT probe, whose text may lack the word usdt: PATH:[PROVIDER:]NAME. */
int pattern__parse_usdt(const char *text, struct pattern *out, char **why);
/* The same for the entry of a function: PATH:[entry:]FUNCTION, or [entry:][OBJECT:]FUNCTION. */
int pattern__parse_entry(const char *text, struct pattern *out, char **why);
/* Turns a kernel function into OBJECT_MODULE: in this module, or built in. */
int pattern__set_module(struct pattern *p, const char *module, char **why);
void pattern__free(struct pattern *p); /* what is in it; NULL is fine */

/* The ':' after the OBJECT of a PROBE, or NULL. *is_path: OBJECT is the path of an ELF file. */
const char *pattern__separator(const char *text, bool *is_path);
/* Whether the pattern names the function. Ignores `!` and the object. */
bool pattern__matches(const struct pattern *p, const char *name);
bool pattern__same(const struct pattern *a, const struct pattern *b);
