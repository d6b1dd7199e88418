/* SPDX-License-Identifier: GPL-2.0-only */
/* What expressions can name at a function, a system call or a tracepoint. */
#pragma once

#include "discover/sources.h"
#include "expr/scope.h"

#define PARAMS_MAX 6 /* system calls have no more */

/* A system call as its tracepoint describes it. The texts belong to format. */
struct syscall_type {
	struct event_format format;
	char *signature;
	const char *names[PARAMS_MAX], *types[PARAMS_MAX];
	size_t n;
};

/* Each fills in scope, which refers to what the others have read: s and format stay as long. */
void scopes__of_syscall(struct sources *src, const struct target *t, struct syscall_type *s,
			struct expr_scope *scope);
void scopes__of_function(struct sources *src, const struct target *t, struct expr_scope *scope);
/* name: "block:block_rq_issue" */
void scopes__of_event(struct sources *src, const char *name, struct event_format *format,
		      struct expr_scope *scope);
void scopes__of_user(struct sources *src, const struct target *t, struct expr_scope *scope);
