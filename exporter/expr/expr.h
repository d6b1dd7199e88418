/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compiles expressions over a function's parameters, as in `file->f_inode->i_sb->s_type->name`, to
 * the steps that the BPF program runs at entry (struct rp_field). BTF supplies the types.
 *
 *	expr    = operand { ("&" | "<<" | ">>") int }
 *	operand = first { ("->" | ".") name | "[" int "]" }
 *	first   = name | function "(" expr [ "," word ] ")" | "(" expr ")"
 *	filter  = term { "||" term }
 *	term    = expr op literal | expr "in" "[" literals "]" | "cgroup under PATH" | ...
 *
 * A name is a parameter, arg0..arg5, or a word about the task (comm, pid, tid, uid, cpu, cgroup). A
 * parameter takes precedence over a word, but not in filters of the form `word == value` and in
 * labels named like the word. Filters can also use the result: `ret`; and `value`, unless the
 * function has a parameter of that name.
 */
#pragma once

#include "expr/compiled.h"
#include "expr/scope.h"

/* 0, or -EINVAL with *why (to be freed, no position): the mistake, candidates, and what to do. */
int expr__compile(const struct expr_scope *scope, const char *text, struct expr *out, char **why);
void expr__free(struct expr *e); /* its members */
