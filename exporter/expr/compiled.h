/* SPDX-License-Identifier: GPL-2.0-only */
/* A compiled expression. */
#pragma once

#include "bpf/abi.h"
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
};

struct expr {
	struct rp_field field; /* read by the BPF program at entry */
	enum expr_format format;
	struct enumerator *enumerators; /* EXPR_ENUM: sorted by value; owned */
	size_t nenumerators;
};
