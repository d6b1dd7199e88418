/* SPDX-License-Identifier: GPL-2.0-only */
/* A compiled expression. */
#pragma once

#include "bpf/abi.h"
#include "kernel/value_names.h"
#include "types/enumerators.h"

/* How a value is shown. */
enum expr_format {
	EXPR_SIGNED,
	EXPR_UNSIGNED,
	EXPR_BOOL,
	EXPR_ENUM,
	EXPR_POINTER, /* a symbol's name if it points into the kernel's text, else 0x... */
	EXPR_TEXT,
	EXPR_COMM,
	EXPR_CGROUP, /* the id of a cgroup, shown as its path */
	EXPR_HEX,
	EXPR_KSYM, /* the kernel function that has that address */
	EXPR_IP4,
	EXPR_IP6,	  /* two numbers: field and second */
	EXPR_NAMED,	  /* a number of `names` */
	EXPR_FLAGS,	  /* the enumerators whose bits are set */
	EXPR_CALLER,	  /* a return address, shown as the function that has it */
	EXPR_USER_CALLER, /* the same in a process; two numbers: the process, and the address */
};

struct expr {
	struct rp_field field;	    /* read by the BPF program at entry */
	struct rp_field second;	    /* of two numbers; EXPR_IP6: the last 8 bytes */
	struct rp_path_layout path; /* path(): all 0 if it is not used */
	enum expr_format format;
	enum value_names names;		/* EXPR_NAMED */
	struct enumerator *enumerators; /* EXPR_ENUM: sorted by value; owned */
	size_t nenumerators;
};
