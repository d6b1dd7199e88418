/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The layout that the BPF programs and the exporter share for the points of spans. */
#pragma once

#include <linux/types.h>

/* A span that is running. */
struct rp_span {
	__u64 start; /* ns */
	__u64 label; /* as label_of() returns it */
};

/* A slot of a span's table. Its state has a number above the phase, which each change increments.
 */
enum rp_span_phase { RP_SPAN_FREE, RP_SPAN_CHANGING, RP_SPAN_RUNNING };
#define RP_SPAN_PHASES 3ULL /* the bits of the phase */
struct rp_span_slot {
	__u64 state;
	__u64 aside; /* running ones in the hash whose keys have this slot; or more, for a moment */
	struct rp_span span;
	__u64 key[RP_SPAN_KEYS];
};

/* What a walk through a span's running ones has found. */
struct rp_span_scan {
	__u64 running;
	__u64 oldest; /* start, ns; 0: none */
};

/* Where the arguments of a point in a program are: in the registers of a call; the first one is the
 * result; or as a USDT probe says. */
enum rp_place { RP_PLACE_ENTRY, RP_PLACE_RETURN, RP_PLACE_USDT };

enum rp_operand_kind {
	RP_OPERAND_NONE,
	RP_OPERAND_CONSTANT, /* value */
	RP_OPERAND_REGISTER,
	RP_OPERAND_MEMORY,  /* at register + value */
	RP_OPERAND_INDEXED, /* at register + (index << shift) + value */
};

/* An argument of a USDT probe, as the compiler has placed it. */
struct rp_operand {
	__u8 kind;
	__u8 size; /* bytes */
	__u8 is_signed;
	__u8 shift;
	__u16 reg, index; /* in struct pt_regs, bytes */
	__s64 value;
};
#define RP_OPERANDS 6 /* as many as arguments of a function */
