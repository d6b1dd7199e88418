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
	RP_KIND_ERRNO = 1, /* signed: 0, positive, -1..-4095 an errno, lower "negative" */
	RP_KIND_SIZE,	   /* the same, and positive results go into a histogram */
	RP_KIND_RAW,	   /* signed, never an errno; the last of those whose spec is signed */
	RP_KIND_UNSIGNED,  /* as errno's first two; 64-bit values in the top 4095 are errnos */
	RP_KIND_POINTER,   /* NULL, ERR_PTR, pointer */
	RP_KIND_BOOL,
	RP_KIND_ENUM,	/* every value is counted by its number */
	RP_KIND_VALUE,	/* likewise, signed */
	RP_KIND_UVALUE, /* likewise, unsigned */
	RP_KIND_VOID,
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
	RP_CLASS_TAIL,	   /* left by a jump to another function: its result is that one's */
	RP_CLASS_MAX,
	RP_CLASS_BY_VALUE = RP_CLASS_MAX, /* not a counter of the cell: look for a slot */
};

/* Which `outcome` labels there are, as bits. */
enum rp_outcome_bit {
	RP_OUTCOME_OK = 1,
	RP_OUTCOME_ERROR = 2,
	RP_OUTCOME_NULL = 4,
	RP_OUTCOME_RESTARTED = 8, /* the kernel's ERESTART* codes, which no program sees */
	RP_OUTCOME_ALL = 15,
};

/*
 * A target as the kernel side needs it, packed into one u64 so that it fits an attach cookie, an
 * instruction's immediate and a table entry alike. Never 0. `size` is that of the result in bytes
 * (1, 2, 4, 8); what is packed are the bits of the register that it leaves unused. Signed kinds,
 * which most are, have a bit that costs no shift to test.
 */
#define RP_DESC_ID(desc)   ((__u32)(desc))
#define RP_DESC_KIND(desc) ((__u32)((desc) >> 32) & 15)
#define RP_DESC_CAPTURE(desc)                                                        \
	((__u32)((desc) >> 36) & 0xfff) /* 1 + index of its rp_capture_spec; 0: none \
					 */
#define RP_DESC_UNUSED(desc)	((__u32)((desc) >> 48) & 63)
#define RP_DESC_IS_SIGNED(desc) ((__s64)(desc) < 0)
#define RP_DESC(id, kind, size)                                          \
	((__u64)(id) | (__u64)(kind) << 32 | (-8ULL * (size)&63) << 48 | \
	 (__u64)((kind) <= RP_KIND_RAW) << 63)
/* To be added to one: the index of its rp_capture_spec. */
#define RP_DESC_ADD_CAPTURE(i) ((__u64)((i) + 1) << 36)
/* To be added to a system call's: how often it has been attached again. */
#define RP_DESC_ADD_ROUND(n) ((__u64)((n)&63) << 56)

/* Bits that only uprobe.ret's programs look at, which find a call by who makes it (calls.bpf.h). */
#define RP_DESC_BY_PROCESS (1ULL << 54) /* it may return on another thread */
#define RP_DESC_GO	   (1ULL << 55) /* its stack may move */

/* What a program compiled as a template has in the place of its spec, and of the offset in ctx at
 * which fexit finds the result. See clone.bpf.h. */
#define RP_DESC_MARKER	 0x7265747072306265ULL
#define RP_RESULT_MARKER 0x7ff8

/* Ids must fit above the 48 bits of a kernel stack address; see pairing.bpf.h. */
#define RP_MAX_TARGETS 65536

/*
 * A cell: one u64 array per target and CPU, written by that CPU alone.
 *   [RP_CELL_CLASS + class] returns, [RP_CELL_SUM] nanoseconds, [RP_CELL_LEVEL] no counter, see
 *   pairing.bpf.h, [RP_CELL_UNTIMED] returns whose duration is not known, [RP_CELL_BINS + i] calls
 *   in grid cell i. The number of grid cells is a constant of the loaded object.
 */
#define RP_CELL_CLASS	0
#define RP_CELL_SUM	RP_CLASS_MAX
#define RP_CELL_LEVEL	(RP_CELL_SUM + 1)
#define RP_CELL_UNTIMED (RP_CELL_LEVEL + 1)
#define RP_CELL_BINS	(RP_CELL_UNTIMED + 1)

/* Tallies: one u64 array per target and CPU of calls that no cell has, and why. */
enum rp_event {
	RP_EVENT_NO_ENTRY, /* returned, but there is no frame: the entry program had not
			    * run, or the kernel had no memory for the frame */
	RP_EVENT_DEPTH,	   /* entered with every frame of the task in use (user functions only)
			    */
	RP_EVENT_TRAPPED,  /* a system call that was answered with SIGSYS: it has no result */
	RP_EVENT_STALE,	   /* a frame found whose return had not been seen; a hint, not a loss:
			    * the kernel's own counters have it */
	RP_EVENT_ENTERED,  /* entries that ran, where they are needed to account for losses
			    */
	RP_EVENT_FILTERED, /* returned, and a filter did not want it */
	RP_EVENT_REJECTED, /* entered, and a filter did not want it nor its return: no loss, and
			    * what a call costs all the same */
	RP_EVENT_UNWOUND,  /* entered, and another call has its place: it was left without a
			    * return (uprobe.ret) */
	RP_EVENT_MAX = 8,  /* padded to a cache line */
};

/* RP_EVENT_ENTERED of programs that the kernel accounts for as a whole: one u64 array per CPU. */
enum rp_entered {
	RP_ENTERED_KPROBE_SESSION,
	RP_ENTERED_FSESSION_MULTI,
	RP_ENTERED_MAX = 8, /* padded to a cache line */
};

/* A detail: a result of one target that is counted by its number. */
struct rp_value_slot {
	__s64 value; /* errno (positive), the result's number, or see rp_capture_spec.split */
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
	__u64 threshold[RP_GRID_MAX + RP_GRID_STEPS]; /* ns, ascending; unused ones are ~0 */
	__u16 first[RP_GRID_ROWS][RP_GRID_COLUMNS];   /* where to begin comparing */
};

/* A place of the table from a function's address to its spec (addresses.bpf.h): open addressing,
 * without wrap-around, so the table has RP_ADDR_STEPS places more than the hash reaches. */
#define RP_ADDR_STEPS 8

struct rp_addr {
	__u64 addr; /* 0: free */
	__u64 desc;
};

static inline __attribute__((always_inline)) __u32 rp_hash(__u64 v, __u32 shift)
{
	return (v * 0x9e3779b97f4a7c15ULL) >> shift; /* 2^64 / golden ratio: Fibonacci hashing */
}

/*
 * Calls of kernel functions that libbpf need not know: the programs call these numbers like
 * helpers, and exporter/object/programs.c puts the running kernel's BTF ids in their place. That
 * way one program suits both signatures of the session kfuncs (7.0 gave them ctx; one that takes no
 * argument does not mind a register that is set), and any libbpf.
 */
#define RP_KFUNC_SESSION_IS_RETURN 0x52500001
#define RP_KFUNC_SESSION_COOKIE	   0x52500002

/*
 * ---- what an entry finds out: labels, filters, observed values (capture.bpf.h)
 * ---------------------
 *
 * An expression over a function's parameters, compiled by exporter/expr/expr.c: begin with a
 * source, follow `nsteps` pointers, v = *(u64 *)(v + offset[i]), and take what is at v +
 * offset[nsteps]: `size` bytes, or v itself if size is 0, as a number; or, if `text` is set, the
 * string that begins there.
 */
enum rp_source {
	RP_SOURCE_ARG, /* 0..5: the words of the arguments that come in registers */
	RP_SOURCE_PID = 6,
	RP_SOURCE_TID,
	RP_SOURCE_UID,
	RP_SOURCE_CPU,
	RP_SOURCE_CGROUP,	   /* id of the task's cgroup, v2 */
	RP_SOURCE_CGROUP_ANCESTOR, /* id of its ancestor at level offset[0] */
	RP_SOURCE_COMM,		   /* text of 16 bytes */
};

#define RP_STEPS     8 /* pointers followed, at the most */
#define RP_NUMBERS   6 /* different numbers among a probe's labels */
#define RP_TEXTS     2 /* different strings, comm not included */
#define RP_TEXT_SIZE 64
#define RP_COMM_SIZE 16
#define RP_FILTERS   4
#define RP_OBSERVED  2

struct rp_field {
	__u8 source;
	__u8 nsteps;
	__u8 size;	  /* 1, 2, 4, 8; 0: v is the value */
	__u8 left, right; /* then shifted left and right: sign extension and bit-fields */
	__u8 is_signed;	  /* right shifts are arithmetic, comparisons signed */
	__u8 user;	  /* the memory is the process's */
	__u8 text;
	__s32 offset[RP_STEPS + 1];
};

enum rp_compare { RP_EQ, RP_NE, RP_LT, RP_LE, RP_GT, RP_GE, RP_AND /* any bit in common */ };

struct rp_filter {
	struct rp_field field;
	__u32 compare; /* of text: RP_EQ, RP_NE */
	__u64 literal;
	char text[RP_TEXT_SIZE]; /* padded with zeroes */
};

/* A comparison of a result. */
struct rp_test {
	__u64 literal;
	__u32 compare;
	__u16 is_signed; /* how the result is extended from its size, and compared */
	__u16 set;	 /* there is one */
};

#define RP_MAX_CAPTURES 4095 /* 1 + index fits RP_DESC_CAPTURE */

/* Everything that a target has of these. */
struct rp_capture_spec {
	__u32 nnumbers, ntexts, comm; /* of the label key */
	__u32 nfilters, nobserved;
	__u32 max_series;     /* label sets, or distinct results of the value kinds */
	__u32 outcomes;	      /* rp_outcome_bits that are counted; 0: all */
	__u32 histogram;      /* first of the target's own histograms (rp_hist) */
	__u32 split;	      /* `error` parts a class: its errors are details, -1 - class */
	__u32 nresults;	      /* filters of the result */
	__u64 min_ns, max_ns; /* durations that are counted: min <= d <= max */
	__u8 outcome[8];      /* by rp_class: the rp_outcome_bit that it means; TAIL: 0 */
	struct rp_test error; /* results that are errors although their class does not show it */
	struct rp_field number[RP_NUMBERS], text[RP_TEXTS], observed[RP_OBSERVED];
	struct rp_filter filter[RP_FILTERS];
	struct rp_test result[RP_FILTERS];
	/* A 0 that the verifier does not know: what begins with it, and grows by addition, is one
	 * state to it and not two for each bit. */
	__u32 zero, pad;
};

/* What tells the label sets of a target from each other. The unused end of a configuration's keys
 * is cut off. */
struct rp_label_key {
	__u32 id;
	__u32 failed; /* bit i: number i could not be read; bit RP_NUMBERS + i: text i */
	__u64 number[RP_NUMBERS];
	char comm[RP_COMM_SIZE];
	char text[RP_TEXTS][RP_TEXT_SIZE];
};

/*
 * A label set in use: slot s counts in cell ntargets + s. The exporter takes a slot away by
 * deleting its key from the index and raising gen: calls that were entered with the old gen, and
 * return later, count as the target's others.
 */
enum rp_set_state {
	RP_SET_FREE,
	RP_SET_USED,	/* the key is valid */
	RP_SET_RETIRED, /* likewise, but what was counted is the target's others' */
};

struct rp_label_set {
	__u32 gen;
	__u32 used; /* enum rp_set_state */
	struct rp_label_key key;
};

/* How many label sets, and distinct results of the value kinds, a target has. */
struct rp_used {
	__u64 sets, values;
};

/* A histogram of integers: one u64 array per histogram and CPU, [RP_HIST_SUM], how many values are
 * not in it, by the reason why, and the counts. */
#define RP_HIST_SUM	   0
#define RP_HIST_UNREADABLE 1
#define RP_HIST_RANGE	   2
#define RP_HIST_GRID	   3

/*
 * Observed values are from 0 to below this. Others would spoil the sum, which is a u64 that may not
 * go back: negative numbers, also those in unsigned types, and LLONG_MAX for "to the end".
 */
#define RP_OBSERVED_END	       (1ULL << 48)
#define RP_OBSERVED_UNREADABLE (1ULL << 63) /* in the place of a value */

/*
 * ---- jumps that may leave a user function (probe_uprobe_ret.bpf.h)
 * ------------------------------------------------
 */
enum rp_exit_kind {
	RP_EXIT_UNKNOWN,
	RP_EXIT_JUMP,	   /* it leaves */
	RP_EXIT_CONDITION, /* it leaves if `condition` is true */
	RP_EXIT_REGISTER,  /* it leaves if what `base` has is in none of the ranges */
	RP_EXIT_MEMORY,	   /* likewise, what is at base + (index << shift) + disp */
	RP_EXIT_AGAIN,	   /* to the function's first instruction, where the same call goes on */
	RP_EXIT_AT_ONCE,   /* the first instruction is it: the call is over as it is entered */
	RP_EXIT_RETURN_AT_ONCE, /* likewise, by a return */
	RP_EXIT_KIND_MAX = RP_EXIT_RETURN_AT_ONCE,
};

#define RP_EXIT_RANGES 4    /* parts of a function */
#define RP_REG_NONE    0xff /* no register; others by the machine's numbers */
#define RP_REG_IP      0xfe /* the jump's own address */

struct rp_exit {
	__u64 desc;
	__u8 kind;
	__u8 condition; /* x86-64: the number in the instruction; to RP_EXIT_AGAIN with `again` */
	__u8 again;	/* RP_EXIT_CONDITION: it leads to the function's first instruction */
	__u8 base, index, shift;
	__u8 nranges;
	__s32 disp;
	struct {
		__s32 begin, end; /* seen from the jump */
	} range[RP_EXIT_RANGES];
};

#define RP_SYSCALLS 1024 /* numbers per system call table that can be told apart */

/* Nested calls per task, of all targets together; a power of 2. For user functions it must be what
 * the kernel follows (pairing.bpf.h); tests build with less of it. */
#ifndef RP_FRAMES
#define RP_FRAMES 64
#endif
/* How long a place may be another call's before that call's frame is set aside (inflight.bpf.h). It
 * must be longer than any run of a program takes. */
#ifndef RP_SLOT_AGE
#define RP_SLOT_AGE 10000000000 /* ns */
#endif
#define RP_TASK_BYTES (40 + 24 * RP_FRAMES) /* what a task has of its own for them */

#endif /* RP_ABI_H */
