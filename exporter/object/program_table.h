/* SPDX-License-Identifier: GPL-2.0-only */
/* Which programs of the object there are for each step of a mechanism, by kernel and target. */
#pragma once

#include <stdint.h>

enum program_id {
	PROG_KPROBE_ENTRY,
	PROG_KPROBE_RETURN,
	PROG_MULTI_ENTRY,
	PROG_MULTI_RETURN,
	PROG_KPROBE_SESSION,
	PROG_FEXIT_ENTRY,
	PROG_FEXIT_RETURN,
	PROG_FSESSION,
	PROG_FSESSION_MULTI,
	PROG_UPROBE_ENTRY,
	PROG_UPROBE_RETURN,
	PROG_UPROBE_MULTI_ENTRY,
	PROG_UPROBE_MULTI_RETURN,
	PROG_UPROBE_SESSION,
	PROG_UPROBE_FORK,
	PROG_UPROBE_RAW_FORK,
	PROG_UPROBE_RET_ENTRY,
	PROG_UPROBE_RET_RETURN,
	PROG_UPROBE_RET_JUMP,
	PROG_UPROBE_RET_EXIT, /* of a task */
	PROG_UPROBE_RET_RAW_EXIT,
	PROG_SYSCALL_ENTER,
	PROG_SYSCALL_EXIT,
	PROG_SYSCALL_DISPATCH_ENTER, /* instead, if some system calls have captures */
	PROG_SYSCALL_DISPATCH_EXIT,
	PROG_SYSCALL_ENTER_CAPTURE, /* called by the two above */
	PROG_SYSCALL_EXIT_CAPTURE,
	PROG_SYSCALL_ANSWERED,	       /* of system calls that are attached by their functions */
	PROG_SYSCALL_ANSWERED_CAPTURE, /* called by the one above */
	PROG_SYSCALL_STOPS,	       /* by a tracer, where PROG_SYSCALL_ANSWERED sees none */
	PROG_SYSCALL_STOPPED,
	/* For targets without durations. */
	PROG_KPROBE_COUNT,
	PROG_MULTI_COUNT,
	PROG_FEXIT_COUNT,
	PROG_UPROBE_COUNT,
	PROG_UPROBE_MULTI_COUNT,
	PROG_SYSCALL_COUNT,
	PROG_SYSCALL_COUNT_CAPTURE, /* called by the one above */
	PROG_EVENT_COUNT,	    /* of tracepoints */
	PROG_RAW_EVENT_COUNT,	    /* of raw tracepoints */
	PROG_ENTRY_COUNT,	    /* of kernel functions */
	PROG_USDT_COUNT,	    /* of USDT probes */
	PROG_SPAN_BEGIN,
	PROG_SPAN_END,
	PROG_SPAN_CANCEL,
	PROG_SPAN_BEGIN_RAW, /* at a raw tracepoint */
	PROG_SPAN_END_RAW,
	PROG_SPAN_CANCEL_RAW,
	PROG_SPAN_BEGIN_AT_ENTRY, /* of a function */
	PROG_SPAN_END_AT_ENTRY,
	PROG_SPAN_CANCEL_AT_ENTRY,
	PROG_SPAN_BEGIN_IN_FILE, /* in a program or library */
	PROG_SPAN_END_IN_FILE,
	PROG_SPAN_CANCEL_IN_FILE,
	PROG_SCAN, /* looks for calls in progress */
	PROG_SCAN_SPANS,
	PROG_CGROUP_REMOVED,
	PROG_MAX,
};
#define PROG_BIT(id) (1ULL << (id))

/* Kernels before 5.12 do not support atomics, and get another program, NAME_old. */
enum old { OLD_SAME, OLD_OTHER };

/* For which targets a program is. The variant of a program with captures is NAME_capturing. */
enum variants {
	BOTH,	     /* each kind of targets has a variant */
	ONLY_PLAIN,  /* all share one */
	UNCAPTURED,  /* if no target has captures */
	DISPATCHING, /* only for those with captures, and without captures itself */
	ONLY_CAPTURING,
};

struct program_row {
	const char *name;  /* shared by targets; NULL if there is one for each */
	const char *clone; /* template; NULL if it is always shared */
	int attach_type;   /* 0: none */
	enum old old;
	enum variants variants;
};

extern const struct program_row program_table[PROG_MAX];
