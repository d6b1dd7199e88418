/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An expression over a function's parameters, compiled by exporter/expr/expr.c. It begins with a
 * source and follows `nsteps` pointers: v = *(u64 *)(v + offset[i]). The result is at v +
 * offset[nsteps]: a number of `size` bytes, v itself if size is 0, or a string if `text` is set.
 * A part of abi.h.
 */
#pragma once

#include <linux/types.h>

enum rp_source {
	RP_SOURCE_ARG, /* 0..5: the argument registers */
	RP_SOURCE_PID = 6,
	RP_SOURCE_TID,
	RP_SOURCE_UID,
	RP_SOURCE_CPU,
	RP_SOURCE_CGROUP,	   /* id of the task's cgroup (v2) */
	RP_SOURCE_CGROUP_ANCESTOR, /* id of the ancestor at level offset[0] */
	RP_SOURCE_COMM,		   /* text of 16 bytes */
	RP_SOURCE_CALLER,	   /* return address of the call; 0: unknown */
	RP_SOURCE_CALLER_2,	   /* that of its caller */
};

#define RP_CALLERS 2
/* Addresses that stand where a return probe has replaced a return address. */
#define RP_RETURN_TRAMPOLINES 3

#define RP_STEPS	      8 /* upper bound of pointers to follow */
#define RP_NUMBERS	      6 /* upper bound of different numbers in a probe's labels */
#define RP_TEXTS	      2 /* the same for strings, comm not included */
#define RP_TEXT_SIZE	      64
#define RP_COMM_SIZE	      16
#define RP_KEY_WORDS	      (RP_NUMBERS + (RP_COMM_SIZE + RP_TEXTS * RP_TEXT_SIZE) / 8)
#define RP_FILTERS	      4
#define RP_ALTERNATIVES	      20 /* of all filters, if some have "||" or "in"; at the return, too */
#define RP_OBSERVED	      2
#define RP_SPAN_KEYS	      4 /* numbers in the key of a span */

/* Text that ends with a 0, or that is a pointer and a length: in two argument registers, or in
 * memory. */
enum rp_text {
	RP_TEXT = 1,
	RP_TEXT_IN_ARGS = 2,
	RP_TEXT_IN_MEMORY = 4,
	RP_TEXT_LENGTH_FIRST = 8, /* the length comes before the pointer */
	RP_TEXT_BASENAME = 16,	  /* of a path: its last part */
	RP_TEXT_DENTRY = 32,	  /* no text, but a struct dentry or struct path: its path */
	RP_TEXT_PATH = 64,
	RP_TEXT_LOCATED = 128, /* in the record of a tracepoint, which says where */
};

/* Where the kernel's structs have the parts of a path; in bytes. */
struct rp_path_layout {
	__u32 mnt, dentry;		     /* in struct path */
	__u32 parent, name, len;	     /* in struct dentry */
	__u32 mount, mnt_parent, mountpoint; /* in struct mount: the mnt of a path, ... */
};

#define RP_PATH_SIZE 512 /* the longest path that is read, with its final 0 */

/* How a number is made of what was read. Only the last two swap and mask, so that others pay
 * nothing for it. */
enum rp_number { RP_UNSIGNED, RP_SIGNED, RP_CHANGED_UNSIGNED, RP_CHANGED_SIGNED };

struct rp_field {
	__u8 source;
	__u8 nsteps;
	__u8 size;	  /* 1, 2, 4, 8; 0: v is the value */
	__u8 left, right; /* then shifted left and right, for sign extension and bit-fields */
	__u8 number;	  /* enum rp_number: the right shift is logical or arithmetic */
	__u8 user;	  /* the memory belongs to the process */
	__u8 text;	  /* bits of enum rp_text; 0: a number */
	/* The rest is for changed numbers, which are unsigned. */
	__u8 swapped;	    /* 2, 4: so many bytes are swapped next; 0: none */
	__u8 down, up, pad; /* then shifted */
	__s32 offset[RP_STEPS + 1];
	__u64 mask; /* the bits that remain */
};

/* Added to the source of a changed number about the task. */
#define RP_SOURCE_CHANGED 32
