/* SPDX-License-Identifier: GPL-2.0-only */
/* The function whose parameters an expression uses. */
#pragma once

#include <bpf/btf.h>

#include "kernel/event_format.h"
#include "types/places.h"
#include "types/result.h"

/* All members are borrowed. */
struct expr_scope {
	const struct btf *btf;		      /* of the function's object; NULL: only arg0..arg5 */
	uint32_t proto;			      /* BTF_KIND_FUNC_PROTO of the function, or 0 */
	const struct parameter_place *places; /* of its parameters; NULL: as the kernel's compiler
					       * passes them */
	bool go; /* the words of the places, and arg0..arg5, are Go's argument registers */
	const char *const *params; /* system calls: names of the arguments, else NULL */
	const char *const *types;  /* their types as C text: "const char *"; looked up in btf */
	size_t nparams;
	bool syscall;
	bool is_point;	/* there is no return: a tracepoint, or a point of a span */
	bool is_when;	/* it chooses samples, when the call returns */
	bool is_return; /* of a function: its parameters are gone */
	bool is_event;	/* a tracepoint: instead of parameters, it has the fields of a record, whose
			 * address is the only argument */
	const struct event_field *fields;
	size_t nfields;
	bool user;		/* pointers are to user memory: system calls, user functions */
	const char *signature;	/* for messages; NULL: unknown */
	struct result result;	/* for filters; size 0: none */
	uint32_t perf_counters; /* bits of those that this machine has */
	const char *untyped;	/* why the parameters have no names, for messages; NULL: they have,
				 * or the reason is unknown */
	bool *needs_types;	/* set if a name is unknown because there are no types; or NULL */
};
