/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one layout that the BPF programs and the exporter share.
 *
 * Everything here is a number or an array of numbers: names, units and text live in the exporter.
 * Numbers are per object generation, never stored, so they may be renumbered freely; both sides are
 * always built together.
 */
#ifndef RP_ABI_H
#define RP_ABI_H

#include <linux/types.h>

/* Return kinds: how the raw return register is read. (DESIGN section 5) */
enum rp_kind {
	RP_KIND_ERRNO,	  /* signed: 0, positive, -1..-4095 an errno, lower "negative" */
	RP_KIND_UNSIGNED, /* as errno's first two; 64-bit values in the top 4095 are errnos */
	RP_KIND_POINTER,  /* NULL, ERR_PTR, pointer */
	RP_KIND_BOOL,
	RP_KIND_ENUM, /* every value is counted by its number */
	RP_KIND_VOID,
	RP_KIND_RAW, /* signed, never an errno */
	RP_KIND_MAX,
};

/*
 * Outcome classes: the counters that every cell has. Results outside of them (errnos, enumerators)
 * are "details": counted by their number in a slot of the detail pool, or in RP_CLASS_OTHER when
 * the pool is used up.
 */
enum rp_class {
	RP_CLASS_ZERO,	   /* 0, NULL, false; every return of a void function */
	RP_CLASS_POSITIVE, /* > 0, a valid pointer, true */
	RP_CLASS_NEGATIVE, /* < 0 and not an errno */
	RP_CLASS_OTHER,	   /* a detail that found no slot */
	RP_CLASS_MAX,
	RP_CLASS_DETAIL = RP_CLASS_MAX, /* not a counter of the cell: look for a slot */
};

/*
 * A target as the kernel side needs it, packed into one u64 so that it fits an attach cookie, an
 * instruction's immediate and a table entry alike.
 */
#define RP_SPEC_ID(spec)   ((__u32)(spec))
#define RP_SPEC_KIND(spec) ((__u32)((spec) >> 32) & 0xff)
#define RP_SPEC_SIZE(spec) ((__u32)((spec) >> 40) & 0xff) /* bytes of the result: 1, 2, 4, 8 */
#define RP_SPEC_VALID	   (1ULL << 48)			  /* so that no spec is 0 */
#define RP_SPEC(id, kind, size) \
	((__u64)(id) | (__u64)(kind) << 32 | (__u64)(size) << 40 | RP_SPEC_VALID)

/* What a program compiled as a template has in the place of its spec, and of the offset in ctx at
 * which fexit finds the result. See clone.bpf.h. */
#define RP_SPEC_MARKER	 0x7265747072306265ULL
#define RP_RESULT_MARKER 0x7ff8

/* Ids must fit above the 48 bits of a kernel stack address; see pairing.bpf.h. */
#define RP_MAX_TARGETS 65536

/*
 * A cell: one u64 array per target and CPU, written by that CPU alone.
 *   [RP_CELL_SUM] nanoseconds, [RP_CELL_CLASS + class] returns, [RP_CELL_GRID + i] calls in grid
 *   cell i. The number of grid cells is a constant of the loaded object.
 */
#define RP_CELL_SUM   0
#define RP_CELL_CLASS 1
#define RP_CELL_GRID  (RP_CELL_CLASS + RP_CLASS_MAX)

/* Tallies: one u64 array per target and CPU of calls that no cell has, and why. */
enum rp_tally {
	RP_TALLY_NO_ENTRY, /* returned, but there is no frame: the entry program had not run, or the
			    * kernel had no memory for the frame */
	RP_TALLY_DEPTH,	   /* entered with every frame of the task in use (user functions only) */
	RP_TALLY_IGNORED,  /* entered before we attached: not a call of ours */
	RP_TALLY_STALE,	   /* a frame found whose return had not been seen; a hint, not a loss: the
			    * kernel's own counters have it */
	RP_TALLY_ENTERED,  /* entries that ran, where they are needed to account for losses */
	RP_TALLY_MAX = 8,  /* padded to a cache line */
};

/* A detail: a result of one target that is counted by its number. */
struct rp_detail {
	__s64 value; /* errno (positive) or enumerator */
	__u32 cell;  /* index of the target's cell */
	__u32 used;  /* 1 once the two above are valid */
};

/* The grid's thresholds, looked up in grid.h. */
#define RP_GRID_MAX	 512 /* thresholds, at the most */
#define RP_GRID_STEPS	 4   /* compares after the table look-up, at the most */
#define RP_GRID_ROWS	 9   /* shifts 0, 4, ..., 32 */
#define RP_GRID_COLUMNS	 256
#define RP_GRID_SHIFT	 4
#define RP_GRID_MAX_BITS 40 /* durations from 2^40 ns on are beyond the last threshold */

struct rp_grid {
	__u64 threshold[RP_GRID_MAX];		    /* ns, ascending; unused ones are ~0 */
	__u16 first[RP_GRID_ROWS][RP_GRID_COLUMNS]; /* where to begin comparing */
};

/* A place of the table from a function's address to its spec (ids.bpf.h): open addressing, without
 * wrap-around, so the table has RP_ADDR_STEPS places more than the hash reaches. */
#define RP_ADDR_STEPS 8

struct rp_addr {
	__u64 addr; /* 0: free */
	__u64 spec;
};

static inline __attribute__((always_inline)) __u32 rp_addr_hash(__u64 addr, __u32 shift)
{
	return (addr * 0x9e3779b97f4a7c15ULL) >> shift; /* 2^64 / golden ratio: Fibonacci hashing */
}

/*
 * Calls of kernel functions that libbpf need not know: the programs call these numbers like
 * helpers, and exporter/bpfobj.c puts the running kernel's BTF ids in their place. That way one
 * program suits both signatures of the session kfuncs (7.0 gave them ctx; one that takes no
 * argument does not mind a register that is set), and any libbpf.
 */
#define RP_KFUNC_SESSION_IS_RETURN 0x52500001
#define RP_KFUNC_SESSION_COOKIE	   0x52500002

#define RP_SYSCALLS		   1024 /* numbers per system call table that can be told apart */

#define RP_FRAMES		   64 /* nested calls per task, of all targets together */

#endif /* RP_ABI_H */
