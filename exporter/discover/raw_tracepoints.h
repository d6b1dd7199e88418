/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw tracepoints: by the functions with which the kernel calls who listens to one,
 * __traceiter_NAME() (include/linux/tracepoint.h, since 5.10). Their parameters are `void *__data`
 * and the arguments of the tracepoint.
 */
#pragma once

#include "discover/sources.h"
#include "expr/scope.h"

#define RAW_TRACEPOINT_OBJECT "raw_tracepoint"

/* NULL: there is none, or the list of symbols cannot be read. */
const struct ksym *raw_tracepoints__find(struct sources *src, const char *name);
/* The name of the tracepoint, in sym. NULL: sym is no such function. */
const char *raw_tracepoints__name(const struct ksym *sym);
/* All names. *n: 0 with NULL. To be freed, without the names. */
const char **raw_tracepoints__all(struct sources *src, size_t *n);
/* "void sched_switch(bool preempt, ...)". NULL: unknown. To be freed. */
char *raw_tracepoints__signature(struct sources *src, const char *name);
/* Why it cannot be found. To be freed. */
char *raw_tracepoints__missing(struct sources *src, const char *name);

/* What expressions can name there. */
struct raw_tracepoint {
	char *signature;
	struct parameter_place places[PLACES_MAX];
};
/* scope refers to *r, which is to be released. */
void raw_tracepoints__scope(struct sources *src, const char *name, struct raw_tracepoint *r,
			    struct expr_scope *scope);
void raw_tracepoint__release(struct raw_tracepoint *r);
