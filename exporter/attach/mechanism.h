/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of a mechanism: one way to run programs at the entry and the return of a function.
 *
 * A new mechanism is a source with a struct attach_ops, a line below, and a row in mechanisms.c.
 */
#pragma once

#include "counts/missed_reason.h"
#include "discover/target.h"
#include "kernel/advice.h"
#include "kernel/features.h"
#include "kernel/switches.h"
#include "object/object.h"

struct attach_slot;
struct multi_kind; /* attach/multi_links.h */

/* What the kernel itself counts of a target. */
struct kernel_counts {
	bool has_returned;
	/* Returns at which our program was due, run or skipped, less those before we attached. */
	uint64_t returned;
	bool has_skipped;
	uint64_t skipped;	     /* runs of its session program: entries and exits */
	uint64_t missed[MISSED_MAX]; /* calls for which no program of ours was due, by reason */
};

/* What a mechanism's functions work on. */
struct attach_context {
	struct features *features;
	struct object *obj;
	void *shared; /* the mechanism's own, for all of its targets; see attach_ops.open */
};

struct attach_ops {
	const char *name;
	enum target_type type;
	uint64_t programs;    /* PROG_BIT()s that it uses */
	uint64_t counting;    /* likewise for targets without durations; 0: it supports none */
	uint64_t either;      /* those of them that replace each other */
	uint64_t returns;     /* those of them whose skipped runs are missed calls */
	uint32_t missed;      /* bit r: enum missed_reason r can happen to its targets */
	uint32_t files;	      /* descriptors per target; 0: a few for all of them */
	uint32_t max_targets; /* more take too long to attach; 0: no limit */
	unsigned needs;	      /* enum switch_bit: without one of these its programs do not run */
	uint32_t requires;    /* FEATURE_BIT()s: without one of them it is not available */
	/* FEATURE_BIT()s: without one of them it can lose calls. Then it is used only if forced, or
	 * if nothing better is left (attach/choice.c). */
	uint32_t exact_with;
	const char *lossy; /* why it can lose calls on any machine; NULL: it does not */
	/* NULL, or why this machine does not support it although it has the features; may be NULL.
	 */
	const char *(*unavailable)(struct features *f);
	bool few_losses;   /* where it is inexact, it loses few calls, and counts them */
	bool swaps_return; /* replaces return addresses: harmful where target->hazards are */
	bool pins_module;  /* a module cannot be unloaded while a function of it is attached */
	bool shares_links; /* a link holds several targets, which are detached together */
	bool keeps_frames; /* of running calls, with their tasks (bpf/pairing.bpf.h) */
	bool by_btf_id;	   /* supports only targets that have one */
	/* NULL, or why it does not support this target; may be NULL. */
	const char *(*unfit)(const struct target *t);
	/* NULL, or what it cannot account for on this machine, in words for users. NULL: only that
	 * it is lossy. */
	const char *(*caveat)(struct features *f);
	/* Before the first attach and after the last detach; NULL: there is nothing to share. */
	int (*open)(struct attach_context *c);
	void (*close)(struct attach_context *c);
	/*
	 * Attaches n > 0 targets, some of which may have been detached before. Sets ->attached, or
	 * the reason and why of each target that the kernel refuses. A refused target does not
	 * keep the others from being attached.
	 */
	void (*attach)(struct attach_context *c, struct attach_slot **slots, size_t n);
	/* Detaches what ->state of a target holds, complete or not, and frees it. */
	void (*detach)(struct attach_context *c, struct attach_slot *slot);
	/* After targets were detached; NULL: there is nothing to do. */
	void (*detached)(struct attach_context *c, struct attach_slot **slots, size_t n);
	/* For batch__attach_each(): attaches one target, and sets ->state also if that fails. 0, or
	 * a negative errno with *at. */
	int (*attach_one)(struct attach_context *c, struct attach_slot *slot, enum attempt *at);
	/* Why it failed, to be freed. NULL: as slot__refuse_all() says it. */
	char *(*explain)(const struct attach_slot *slot, enum attempt at, int err);
	const struct multi_kind *multi; /* for multi_links__attach() */
	/* Reads what the kernel counts by target; NULL: it counts nothing. out: by target id. */
	void (*count)(struct attach_context *c, struct attach_slot **slots, size_t n,
		      struct kernel_counts *out);
	/* Whether the kernel counts the skipped entry and the skipped exit of a call separately.
	 * Then our programs count entries too: by target as RP_EVENT_ENTERED, or as `entered`
	 * where all targets share a program. NULL: it does not. */
	bool (*skips_twice)(struct features *f);
	enum rp_entered entered;
	/* Adds the calls that the kernel counts as missed for all targets together, besides
	 * skipped runs of programs; NULL: none. missed_shared has their reasons, as `missed`. */
	void (*count_shared)(struct attach_context *c, uint64_t missed[MISSED_MAX]);
	uint32_t missed_shared;
};

/* Each is defined in the source of its name. */
extern const struct attach_ops attach_fsession_multi, attach_fsession, attach_fexit,
	attach_kprobe_session, attach_kprobe_multi, attach_kretprobe, attach_tracepoint,
	attach_uprobe_session, attach_uprobe_multi, attach_uretprobe, attach_uprobe_ret,
	attach_event, attach_raw_event, attach_kprobe, attach_uprobe, attach_span;

/* Where kprobes at a function's first instruction are ftrace's (HAVE_KPROBES_ON_FTRACE). */
#if defined(__x86_64__)
#define KPROBE_SWITCHES (SWITCH_KPROBES | SWITCH_FTRACE)
#else
#define KPROBE_SWITCHES SWITCH_KPROBES
#endif

/* Caveats that several mechanisms share. */
#define ATTACH_SKIPPED_EVENTS                                                                \
	"before Linux 6.7, the kernel does not count the events that it skips because they " \
	"interrupt another BPF program on their CPU"
#define ATTACH_STRAY_RETURN \
	"a return whose entry the kernel skipped may count as a call, with a wrong duration"
