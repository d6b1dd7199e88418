/* SPDX-License-Identifier: GPL-2.0-only */
/* USDT probes: where they are, and their arguments. For spans, and as points that are counted. */
#pragma once

#include "discover/sources.h"
#include "expr/scope.h"

/* "provider:name", and "name(-4@%ecx 8@%rdx)". To be freed. */
char *usdt__name(const struct elf_usdt *u);
char *usdt__signature(const struct elf_usdt *u);
/* Whether probe i of f is another place of one before it. */
bool usdt__is_copy(const struct elf_file *f, size_t i);
/* Whether it is meant by [PROVIDER:]NAME. */
bool usdt__is(const struct elf_usdt *u, const char *name);
/* Finds it by its place. */
bool usdt__at(const struct elf_file *f, const char *name, uint64_t offset, struct elf_usdt *out);
/* Why there is none, to be freed: "no USDT probe x; did you mean ...". */
char *usdt__missing(const struct elf_file *f, const char *name);
/* Adds the places of a probe to t. NULL; or why there are none, with *reason. To be freed. */
char *usdt__add_places(const struct elf_file *f, const char *name, const struct span_point *point,
		       struct target *t, enum target_reason *reason);

/* What expressions can read at a place. */
struct usdt_arguments {
	struct elf_usdt probe;
	struct rp_operand operands[RP_OPERANDS];
	const char *types[RP_OPERANDS];
	char *signature; /* to be freed */
};
/* Fills both for the probe at a place of f. scope borrows from out. */
int usdt__read_arguments(struct sources *src, const struct elf_file *f, const char *name,
			 const struct point_place *at, struct usdt_arguments *out,
			 struct expr_scope *scope);
/* Tells the BPF program where they are. -EINVAL and *why: one that is needed cannot be read. */
int usdt__set_operands(struct rp_capture_spec *k, const struct usdt_arguments *a, char **why);

/* The captures of a USDT probe that is counted. As capture__resolve(). */
int usdt__capture(struct sources *src, const struct probe_settings *s, struct target *t,
		  const struct source_pos **pos, char **why);
