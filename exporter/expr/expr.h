/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expressions over a function's own parameters, as in `file->f_inode->i_sb->s_type->name`: text ->
 * the steps that the kernel side runs at entry (struct rp_field), typed by BTF. (DESIGN section 5)
 *
 *	expr    = name { ("->" | ".") name | "[" int "]" } | "str(" expr ")"
 *	filter  = expr op literal | "comm == NAME" | "cgroup under PATH" | "duration > 1ms" | ...
 *
 * A name is a parameter, or arg0..arg5, or one of the words that need no types (comm, pid, tid,
 * uid, cpu, cgroup). A filter on such a word by itself is on the word, even of a function that has
 * a parameter of that name, as a label of that name is. Filters also know the result: `ret`, and
 * `value` of a function that has no parameter of that name.
 */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include <bpf/btf.h>

#include "bpf/abi.h"
#include "types/enumerators.h"
#include "types/result.h"
#include "base/util.h"

/* What an expression may refer to; borrowed. */
struct expr_scope {
	const struct btf *btf; /* of the object that the function is in; NULL: only arg0..arg5 */
	uint32_t proto;	       /* BTF_KIND_FUNC_PROTO of the function there, or 0 */
	const char *const *params; /* system calls: names of the arguments, else NULL */
	const char *const *types;  /* theirs, as C text: "const char *"; looked up in btf */
	size_t nparams;
	bool user;	       /* pointers are the process's: system calls, user functions */
	const char *signature; /* for messages; NULL: none is known */
	struct result result;  /* for filters; of size 0: there is none */
	const char *untyped;   /* why the parameters have no names, for messages; NULL: they have,
				* or nobody knows */
};

/* How a value is shown. */
enum expr_format {
	EXPR_SIGNED,
	EXPR_UNSIGNED,
	EXPR_BOOL,
	EXPR_ENUM,
	EXPR_POINTER, /* a symbol's name where it points into the kernel's text, else 0x... */
	EXPR_TEXT,
	EXPR_COMM,
	EXPR_CGROUP, /* the number is a cgroup's id, shown as its path */
};

struct expr {
	struct rp_field field;
	enum expr_format format;
	struct enumerator *enumerators; /* EXPR_ENUM: ascending; owned */
	size_t nenumerators;
};

/* 0, or -EINVAL and *why (to be freed, no position): what is wrong, the candidates, what next. */
int expr__compile(const struct expr_scope *scope, const char *text, struct expr *out, char **why);
void expr__free(struct expr *e); /* what is in it */

/* What a filter says: something that the entry can decide, or a limit for the return. */
enum filter_type { FILTER_ENTRY, FILTER_DURATION, FILTER_OUTCOME, FILTER_RESULT };

struct filter {
	enum filter_type type;
	struct rp_filter entry;	 /* FILTER_ENTRY */
	uint64_t min_ns, max_ns; /* FILTER_DURATION: min <= d <= max */
	uint32_t outcomes;	 /* FILTER_OUTCOME: rp_outcome_bits that pass */
	struct rp_test result;	 /* FILTER_RESULT */
};

/* cgroup_root: where cgroup v2 is mounted, for `cgroup under PATH`; NULL: by mountinfo. */
int filter__compile(const struct expr_scope *scope, const char *text, const char *cgroup_root,
		    struct filter *out, char **why);

#endif /* EXPR_EXPR_H */
