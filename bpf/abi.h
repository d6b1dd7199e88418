/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only layout that the BPF programs and the exporter share.
 *
 * It consists of numbers and arrays of numbers. Names, units and text live in the exporter. Both
 * sides are always built together and nothing is stored, so numbers may change freely.
 */
#pragma once

#include <linux/types.h>

#include "field.h"
#include "points.h"

/* Return kinds: how the raw return register is read. */
enum rp_kind {
	RP_KIND_ERRNO = 1, /* signed: 0, positive, -1..-4095 an errno, lower "negative" */
	RP_KIND_SIZE,	   /* the same, and positive results go into a histogram */
	RP_KIND_RAW,	   /* signed, never an errno; the last kind with a signed descriptor */
	RP_KIND_UNSIGNED,  /* like the first two of errno; 64-bit values in the top 4095 are errnos
			    */
	RP_KIND_POINTER,   /* NULL, ERR_PTR, pointer */
	RP_KIND_BOOL,
	RP_KIND_ENUM,	/* every value is counted by its number */
	RP_KIND_VALUE,	/* the same, signed */
	RP_KIND_UVALUE, /* the same, unsigned */
	RP_KIND_VOID,
	RP_KIND_MAX,
};

/*
 * Outcome classes: the counters that every cell has. Other results (errnos, enumerators, values)
 * are counted by their number in a value slot, or in RP_CLASS_OTHER when no slot is free.
 */
enum rp_class {
	RP_CLASS_ZERO,	   /* 0, NULL, false; every return of a void function */
	RP_CLASS_POSITIVE, /* > 0, a valid pointer, true */
	RP_CLASS_NEGATIVE, /* < 0 and not an errno */
	RP_CLASS_OTHER,	   /* counted by its number, but no slot was free */
	RP_CLASS_TAIL,	   /* left by a jump to another function, which produces the result */
	RP_CLASS_MAX,
	RP_CLASS_BY_VALUE = RP_CLASS_MAX, /* not a counter of the cell: look for a value slot */
};

/* The `outcome` labels, as bits. */
enum rp_outcome_bit {
	RP_OUTCOME_OK = 1,
	RP_OUTCOME_ERROR = 2,
	RP_OUTCOME_NULL = 4,
	RP_OUTCOME_RESTARTED = 8, /* the kernel's ERESTART* codes, which no program sees */
	RP_OUTCOME_ALL = 15,
};

/*
 * Target descriptor, packed into a u64 to fit an attach cookie, an immediate or a map value. Never
 * 0. `size` is the size of the result in bytes (1, 2, 4, 8), packed as the number of register bits
 * that the result leaves unused. Signed kinds have a bit of their own because testing it needs no
 * shift, and most functions are signed.
 */
#define RP_DESC_ID(desc)   ((__u32)(desc))
#define RP_DESC_KIND(desc) ((__u32)((desc) >> 32) & 15)
#define RP_DESC_CAPTURE(desc) \
	((__u32)((desc) >> 36) & 0xfff) /* 1 + index of its capture spec; 0: none */
#define RP_DESC_UNUSED(desc)	((__u32)((desc) >> 48) & 63)
#define RP_DESC_IS_SIGNED(desc) ((__s64)(desc) < 0)
#define RP_DESC(id, kind, size)                                          \
	((__u64)(id) | (__u64)(kind) << 32 | (-8ULL * (size)&63) << 48 | \
	 (__u64)((kind) <= RP_KIND_RAW) << 63)
/* Add to a descriptor to set the index of its capture spec. */
#define RP_DESC_ADD_CAPTURE(i) ((__u64)((i) + 1) << 36)
/* Add to the descriptor of a system call: how many times it has been attached again. */
#define RP_DESC_ADD_ROUND(n) ((__u64)((n)&63) << 56)
/* Add to the descriptor of one of its functions, so that each has another one. */
#define RP_DESC_ADD_PART(n) RP_DESC_ADD_ROUND(n)

/* Used by the programs of uprobe.ret only, which find a call by its owner (calls.bpf.h). */
#define RP_DESC_BY_PROCESS (1ULL << 54) /* the call may return on another thread */
#define RP_DESC_GO	   (1ULL << 55) /* the stack may move */

/* Markers in template programs, replaced in each clone: the descriptor, and what is known of the
 * function's arguments and result (clone.bpf.h). */
#define RP_DESC_MARKER	 0x7265747072306265ULL
#define RP_RESULT_MARKER 0x7ff8
#define RP_SLOTS_MARKER	 0x52507372 /* bytes that the arguments take in ctx */

/* An id must fit above the 48 bits of a kernel stack address (pairing.bpf.h). */
#define RP_MAX_TARGETS 65536

/*
 * A cell: one u64 array per target and CPU, written by that CPU alone.
 *
 *   [RP_CELL_CLASS + class]  returns
 *   [RP_CELL_SUM]            nanoseconds
 *   [RP_CELL_LEVEL]          not a counter, see pairing.bpf.h
 *   [RP_CELL_UNTIMED]        returns whose duration is unknown
 *   [RP_CELL_BINS + i]       calls in bin i of the grid
 *
 * The number of bins is a constant of the loaded object.
 */
#define RP_CELL_CLASS	0
#define RP_CELL_SUM	RP_CLASS_MAX
#define RP_CELL_LEVEL	(RP_CELL_SUM + 1)
#define RP_CELL_UNTIMED (RP_CELL_LEVEL + 1)
#define RP_CELL_BINS	(RP_CELL_UNTIMED + 1)

/* Event counters: one u64 array per target and CPU, for what happens to calls that no cell counts.
 */
enum rp_event {
	RP_EVENT_NO_ENTRY, /* returned without a frame: the entry program did not run, or no memory
			      was left for the frame */
	RP_EVENT_DEPTH, /* entered while all frames of the task were in use (user functions only) */
	RP_EVENT_TRAPPED, /* a system call that was answered with SIGSYS: it has no result */
	RP_EVENT_STALE, /* found a frame whose return was never seen. A hint, not a loss: the kernel
			   counts it */
	RP_EVENT_ENTERED,  /* entries that ran, for mechanisms that need them to account for losses
			    */
	RP_EVENT_FILTERED, /* returned, and a filter rejected it */
	RP_EVENT_REJECTED, /* entered, and a filter rejected it; its return is not watched. Counts
			      towards the rate */
	RP_EVENT_UNWOUND,  /* entered, then left without a return: another call took its slot
			      (uprobe.ret) */
	RP_EVENT_MAX = 8,  /* padded to a cache line */
	/* Of a system call that is attached by its functions: counted, in a cell or as filtered,
	 * although no function of it was called (probe_answered.bpf.h). Such calls do not nest. */
	RP_EVENT_ANSWERED = RP_EVENT_DEPTH,
	/* Of a USDT probe: the program's memory with its arguments could not be read. */
	RP_EVENT_UNREADABLE = RP_EVENT_TRAPPED,
	/* Of a span (probe_span.bpf.h). begun = ended, in a cell + cancelled + replaced + no room +
	 * running. */
	RP_SPAN_BEGUN = RP_EVENT_ENTERED,
	RP_SPAN_CANCELLED = RP_EVENT_STALE,
	RP_SPAN_REPLACED = RP_EVENT_UNWOUND,
	RP_SPAN_NO_ROOM = RP_EVENT_DEPTH,
	RP_SPAN_UNMATCHED = RP_EVENT_NO_ENTRY, /* ended, and had not begun */
	RP_SPAN_UNREADABLE = RP_EVENT_TRAPPED, /* points whose key could not be read */
};

/* RP_EVENT_ENTERED of programs for which the kernel counts misses in one sum: one u64 array per
 * CPU. */
enum rp_entered {
	RP_ENTERED_KPROBE_SESSION,
	RP_ENTERED_FSESSION_MULTI,
	RP_ENTERED_MAX = 8, /* padded to a cache line */
};

/* A value slot: a result of one target that is counted by its number. */
struct rp_value_slot {
	__s64 value; /* errno (positive), the number, or see rp_capture_spec.split */
	__u32 cell;  /* index of the cell of the target */
	__u32 used;  /* 1 when the two above are valid */
};

/* The thresholds between bins, searched by grid.h. */
#define RP_GRID_MAX	 512 /* upper bound of the number of thresholds */
#define RP_GRID_STEPS	 4   /* upper bound of compares after the table look-up */
#define RP_GRID_ROWS	 9   /* shifts 0, 4, ..., 32 */
#define RP_GRID_COLUMNS	 256
#define RP_GRID_SHIFT	 4
#define RP_GRID_MAX_BITS 40 /* durations from 2^40 ns on are beyond the last threshold */

struct rp_grid {
	__u64 threshold[RP_GRID_MAX + RP_GRID_STEPS]; /* ns, ascending; unused ones are ~0 */
	__u16 first[RP_GRID_ROWS][RP_GRID_COLUMNS];   /* index of the first threshold to compare */
};

/* Entry of the hash table from a function's address to its descriptor (addresses.bpf.h). Open
 * addressing without wrap-around: the table has RP_ADDR_STEPS entries more than the hash reaches.
 */
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
 * Kernel functions called without libbpf's help. The programs call these numbers like helpers, and
 * exporter/object/programs.c replaces them by BTF ids of the running kernel. So one program suits
 * any libbpf and both signatures of the session kfuncs: 7.0 added the ctx argument, and a function
 * without arguments ignores the register.
 */
#define RP_KFUNC_SESSION_IS_RETURN 0x52500001
#define RP_KFUNC_SESSION_COOKIE	   0x52500002
#define RP_KFUNC_RDONLY_CAST	   0x52500003

/*
 * ---- captures: labels, filters, observed values (capture.bpf.h) --------------------------------
 */
enum rp_compare {
	RP_EQ,
	RP_NE,
	RP_LT,
	RP_LE,
	RP_GT,
	RP_GE,
	RP_AND,	   /* any bit in common */
	RP_PREFIX, /* text only, as RP_EQ and RP_NE */
	RP_NO_PREFIX,
};

struct rp_filter {
	struct rp_field field;
	__u16 compare;
	__u16 words;	/* of a prefix */
	__u8 run, last; /* of alternatives, see below */
	__u16 pad;
	__u64 literal;
	__u64 mask;		 /* the prefix's bytes in its last word */
	char text[RP_TEXT_SIZE]; /* padded with zeros */
};

/* A comparison of a result. */
struct rp_test {
	__u64 literal;
	__u32 compare;
	__u16 is_signed; /* how the result is extended and compared */
	__u16 set;	 /* this test exists */
};

/* What is read at the entry and at the return, and differs by what the call took. */
enum rp_measured {
	RP_OFF_CPU = 1, /* ns that the task was not running */
	RP_USAGE,	/* page faults and context switches of the task */
	RP_PERF_COUNTER /* plus the number of a counter of the CPU, below RP_PERF_COUNTERS */
};
#define RP_PERF_COUNTERS 7 /* exporter/kernel/perf_counters.c has them */

/* Something about a call that returns: its duration, outcome and result, as far as they are set. */
struct rp_ending {
	__u64 min_ns, max_ns;
	__u32 outcomes; /* 0: all */
	__u32 last;	/* of its group of alternatives */
	struct rp_test result;
};

/* Filters on what is known when a call returns. All must pass. */
struct rp_returned {
	__u32 filters;	/* bits of enum rp_returned_filter; 0: all pass */
	__u32 outcomes; /* rp_outcome_bits that pass */
	__u32 nresults; /* filters on the result */
	__u32 nendings; /* alternatives, in groups; with them, there are no filters on the result */
	__u64 min_ns, max_ns; /* durations that pass: min <= d <= max */
	struct rp_test result[RP_FILTERS];
	struct rp_ending ending[RP_ALTERNATIVES];
};

enum rp_returned_filter {
	RP_RETURNED_DURATION = 1,
	RP_RETURNED_OUTCOME = 2,
	RP_RETURNED_RESULT = 4,
	RP_RETURNED_ENDINGS = 8,
};

#define RP_SHOWN_NUMBERS 4
#define RP_SHOWN_TEXTS	 2

/* What samples show: read at the entry. Its ticket takes one of the places of observed values. */
struct rp_shown_spec {
	__u32 used;
	__u32 nnumbers, ntexts;
	__u32 pad;
	struct rp_field number[RP_SHOWN_NUMBERS], text[RP_SHOWN_TEXTS];
};

struct rp_shown {
	__u32 known;  /* 0: what was kept has been evicted */
	__u32 failed; /* as in struct rp_label_key */
	__u64 number[RP_SHOWN_NUMBERS];
	char text[RP_SHOWN_TEXTS][RP_TEXT_SIZE];
};

/* Samples of the counted calls that pass `when`. */
struct rp_sampling_spec {
	__u32 per_second; /* 0: no samples */
	__u32 stacks;	  /* bits of enum rp_stack */
	struct rp_returned when;
	struct rp_shown_spec show;
};

enum rp_stack { RP_STACK_KERNEL = 1, RP_STACK_USER = 2 };

enum rp_typed { RP_UNTYPED, RP_BY_TYPES, RP_BY_CASTS, RP_TYPED_MAX }; /* typed.bpf.h */

#define RP_MAX_CAPTURES 4095 /* 1 + index fits RP_DESC_CAPTURE */

/* Capture spec: what a probe with labels, filters or observed values reads, and keeps. Targets may
 * share one. */
struct rp_capture_spec {
	__u32 nnumbers, ntexts, comm; /* parts of the label key */
	__u32 comm_at, text_at;	      /* the words with which they begin */
	__u32 nwords, may_fail;	      /* words of the key; some part of it may be unreadable */
	__u32 sets_only;	      /* nothing but its label set matters of a call that returns */
	__u32 typed;		      /* enum rp_typed: how numbers in arguments are read */
	__u32 nfilters;		      /* more than RP_FILTERS: plus the number of alternatives */
	__u32 nobserved, nmeasured;   /* together RP_OBSERVED at most */
	__u32 measured[RP_OBSERVED];  /* enum rp_measured */
	__u32 reads_args;	      /* bits of the argument registers that expressions read */
	__u32 of_syscall, go;	      /* they are a system call's; in Go's calling convention */
	__u32 callers;		      /* a caller is read */
	__u64 only; /* the descriptor of the only target with this spec; 0: there are more */
	__u64 return_trampoline[RP_RETURN_TRAMPOLINES];
	__u32 max_series; /* upper bound of label sets, or of distinct results of the value kinds */
	__u32 split; /* `error:` splits a class: its errors are counted by value, as -1 - class */
	__u8 outcome[8];      /* rp_outcome_bit of each rp_class; TAIL: 0 */
	struct rp_test error; /* results that are errors although their class does not show it */
	struct rp_path_layout path;
	struct rp_field number[RP_NUMBERS], text[RP_TEXTS], observed[RP_OBSERVED];
	struct rp_field key[RP_SPAN_KEYS], outcome_field; /* of a point of a span */
	__u32 slot_shift; /* of a span with slots: 64 - log2(number of slots); 0: it has none */
	__u32 nkeys, has_outcome;
	__u32 outcome_is_errno; /* of either sign */
	__u32 place;		/* enum rp_place */
	struct rp_operand operand[RP_OPERANDS];
	struct rp_filter filter[RP_FILTERS];
	/* Used instead of `filter` if some filter has alternatives. Alternatives are in groups. A
	 * call is counted if one alternative of each group passes. `last` marks the end of a group.
	 * Alternatives in a row that read the same field are a run: the first one has their number
	 * in `run`, and the mark. */
	struct rp_filter alternative[RP_ALTERNATIVES];
	struct rp_returned counted;
	struct rp_sampling_spec sampling;
};

/* Identifies a label set among those of its target: the numbers, then comm, then the texts, without
 * gaps. The rest of a generation's longest key is 0. Its keys in the kernel end there. */
struct rp_label_key {
	__u32 id;
	__u32 failed; /* bit i: number i was unreadable; bit RP_NUMBERS + i: text i */
	__u64 word[RP_KEY_WORDS];
};

/*
 * A label set in use. Slot s counts in cell ntargets + s. To free a slot, the exporter deletes its
 * key from the index and increments gen: calls that were entered with the old gen count in the
 * target's own cell (`_other`).
 */
enum rp_set_state {
	RP_SET_FREE,
	RP_SET_USED,	/* the key is valid */
	RP_SET_RETIRED, /* the key is valid, but what was counted belongs to `_other` */
};

struct rp_label_set {
	__u32 gen;
	__u32 used; /* enum rp_set_state */
	struct rp_label_key key;
};

/* Hints of each CPU (labels.bpf.h): 1 << RP_HINT_BITS. */
#define RP_HINT_BITS 6

/* How many label sets, and distinct results of the value kinds, a target uses. */
struct rp_used {
	__u64 sets, values;
	__u32 sketch; /* index of its rp_sketch */
	__u32 pad;
};

/* A histogram of integers: one u64 array per histogram and CPU: [RP_HIST_SUM], values left out by
 * reason, and the bins from [RP_HIST_GRID] on. */
#define RP_HIST_SUM	   0
#define RP_HIST_UNREADABLE 1
#define RP_HIST_RANGE	   2
#define RP_HIST_GRID	   3

/* What is measured has one, too: of durations for RP_OFF_CPU. Others only have these. */
#define RP_HIST_FAULTS	 0 /* of RP_USAGE */
#define RP_HIST_SWITCHES 1
#define RP_HIST_COUNT	 0 /* of RP_PERF_COUNTER */
#define RP_HIST_SWITCHED 1 /* calls that are not in it: they left their CPU, */
#define RP_HIST_UNREAD	 2 /* or the CPU's counter could not be read */

/*
 * Observed values are in 0 .. RP_OBSERVED_END - 1. Others would break the sum, a u64 that must not
 * decrease: negative numbers, also in unsigned types, and LLONG_MAX for "to the end".
 */
#define RP_OBSERVED_END	       (1ULL << 48)
#define RP_OBSERVED_UNREADABLE (1ULL << 63) /* instead of a value */

/*
 * ---- jumps that may leave a user function (probe_uprobe_ret.bpf.h) -----------------------------
 */
enum rp_exit_kind {
	RP_EXIT_UNKNOWN,
	RP_EXIT_JUMP,	   /* it leaves */
	RP_EXIT_CONDITION, /* it leaves if `condition` is true */
	RP_EXIT_REGISTER,  /* it leaves if the value of `base` is in none of the ranges */
	RP_EXIT_MEMORY,	   /* the same for the word at base + (index << shift) + disp */
	RP_EXIT_AGAIN,	   /* to the first instruction of the function: the same call goes on */
	RP_EXIT_AT_ONCE,   /* the jump is the first instruction: the call ends where it begins */
	RP_EXIT_RETURN_AT_ONCE, /* the same for a return */
	RP_EXIT_KIND_MAX = RP_EXIT_RETURN_AT_ONCE,
};

#define RP_EXIT_RANGES 4    /* parts of a function */
#define RP_REG_NONE    0xff /* no register; else the number that the machine uses */
#define RP_REG_IP      0xfe /* the address of the jump */

struct rp_exit {
	__u64 desc;
	__u8 kind;
	__u8 condition; /* x86-64: the number in the instruction */
	__u8 again;	/* RP_EXIT_CONDITION: it leads to the first instruction of the function */
	__u8 base, index, shift;
	__u8 nranges;
	__s32 disp;
	struct {
		__s32 begin, end; /* relative to the jump */
	} range[RP_EXIT_RANGES];
};

/* The slots of calls in flight begin with these words (inflight.bpf.h). */
#define RP_SLOT_KEY	      0 /* 0: free. Bit 0 is a mark */
#define RP_SLOT_START	      1 /* ns; 0: another store has it */
#define RP_SLOT_WORDS	      4
#define RP_CAPTURE_SLOT_WORDS 7
#define RP_STACK_SHIFT	      14 /* size and alignment of THREAD_SIZE and IRQ_STACK_SIZE: 16 KiB */

/* Where it shows that somebody else has answered a system call (probe_answered.bpf.h). */
enum rp_answerer {
	RP_ANSWERER_ENTER,   /* syscall_trace_enter(): returns -1 */
	RP_ANSWERER_SECCOMP, /* __secure_computing(), before 7.3: returns -1 as an int */
	RP_ANSWERER_PERMIT,  /* __seccomp_permit_syscall(): returns false */
};

#define RP_SYSCALLS 1024 /* system call numbers that can be probed, per table */

/* Nested calls per task, over all targets; a power of 2. For user functions it must equal the
 * kernel's own limit (pairing.bpf.h). Tests build with fewer. */
#ifndef RP_FRAMES
#define RP_FRAMES 64
#endif
/* A call that finds its slot taken moves the other frame away after this time (inflight.bpf.h).
 * Must be longer than a program can run. */
#ifndef RP_SLOT_AGE
#define RP_SLOT_AGE 10000000000 /* ns */
#endif
#define RP_TASK_BYTES (40 + 24 * RP_FRAMES) /* task storage per task */

/* A removed cgroup. Its path, from the root of the hierarchy, may be cut: then it fills its place.
 */
#define RP_CGROUP_PATH 504
struct rp_removed_cgroup {
	__u64 id;
	char path[RP_CGROUP_PATH];
};
