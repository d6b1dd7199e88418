/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The attach ladder: which mechanism a target gets, and the links that hold it.
 *
 * A mechanism is one attach_NAME.c with an attach_ops, one row in attach/plan.c, and one
 * probe_NAME.bpf.h on the kernel's side. The order of the rows is the order of preference.
 */
#ifndef ATTACH_ATTACH_H
#define ATTACH_ATTACH_H

#include "kernel/advice.h"
#include "counts/shared_missed.h"
#include "object/object.h"
#include "base/fault.h"
#include "kernel/features.h"
#include "counts/snapshot.h"
#include "kernel/switches.h"
#include "discover/target.h"

struct attach;
struct attach_ops;

/* One target's place in the ladder. By target id. */
struct attach_slot {
	struct target *target;
	const struct attach_ops *ops; /* chosen; NULL if no mechanism can have it */
	bool attached;
	bool lacks_files;    /* it was refused for want of descriptors */
	bool paused;	     /* is not attached for now, and keeps its counts */
	bool former;	     /* of a file that has been replaced; see attach__follow() */
	unsigned rounds;     /* times that it has been attached again */
	double created;	     /* seconds since the epoch; the first moment that every call counts */
	void *state;	     /* the mechanism's own */
	uint32_t first_exit; /* number of its first jump in object_params.exits */
};

/*
 * What the kernel counts of one target, by itself. returned is the number of returns at which it
 * was to run our program, whether it did or not, less what it had counted by mistake when we
 * attached.
 */
struct kernel_counts {
	bool has_returned;
	uint64_t returned;
	bool has_skipped;
	uint64_t skipped;	     /* runs of its session program, of entries and of exits */
	uint64_t missed[MISSED_MAX]; /* calls that no program of ours was to be run for, and why */
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
	uint32_t programs;    /* PROG_BIT()s that it uses */
	uint32_t either;      /* those of them that stand in for each other */
	uint32_t returns;     /* those of them whose skipped runs are calls that were missed */
	uint32_t missed;      /* bit r: enum missed_reason r can happen to its targets */
	uint32_t files;	      /* descriptors that each target holds; 0: few for all of them */
	uint32_t max_targets; /* more than so many are too slow to attach; 0: any number */

	unsigned needs; /* enum switch_bit: without one of these its programs do not run */

	/* NULL, or why this machine cannot have it. */
	const char *(*unavailable)(struct features *f);
	/* NULL, or why it is not exact on this machine: then it is used only if forced, or if it is
	 * a last resort: what it loses is little and counted, and the exact rungs are too slow. */
	const char *(*inexact)(struct features *f);
	bool last_resort;
	bool swaps_return; /* the address, on the stack: harmful where target->hazards are */
	bool pins_module;  /* a module cannot be unloaded while a function of it is attached */
	bool many; /* a link holds many targets: one cannot be detached without the others */
	/* NULL, or why it cannot have this target. */
	const char *(*unfit)(const struct target *t);
	/* NULL, or what it cannot account for on this machine, for people. */
	const char *(*caveat)(struct features *f);
	/* Before the first attach and after the last detach; NULL if there is nothing to share. */
	int (*open)(struct attach_context *c);
	void (*close)(struct attach_context *c);
	/*
	 * Attaches a batch, n > 0, also of targets that were detached. Sets ->attached of those
	 * that are, and the reason and why of the targets that the kernel refuses; one bad target
	 * never costs another.
	 */
	void (*attach)(struct attach_context *c, struct attach_slot **slots, size_t n);
	void (*detach)(struct attach_context *c, struct attach_slot **slots, size_t n);
	/* What the kernel itself counts of the slots' targets; NULL if it counts nothing by target.
	 * out: by target id. */
	void (*count)(struct attach_context *c, struct attach_slot **slots, size_t n,
		      struct kernel_counts *out);
	/* Whether the kernel counts a skipped entry and a skipped exit of one call as one each, so
	 * that our programs count entries too: by target as RP_EVENT_ENTERED, or, if one program is
	 * for all, as `entered`. NULL: it does not. */
	bool (*skips_twice)(struct features *f);
	enum rp_entered entered;
	/* Calls that the kernel counts as missed for all targets together, besides the skipped runs
	 * of programs, and for which reasons (bits, as `missed`); NULL if there are none. */
	void (*count_shared)(struct attach_context *c, uint64_t missed[MISSED_MAX]);
	uint32_t missed_shared;
};

/* Whether the rung that --mechanism forces can be had, and is for anything that the configuration
 * names, be it there yet or not. To be asked at the start. A fault comes with *error. */
enum fault attach__check_forced(const struct config *c, struct features *f, char **error);
/* Why no mechanism for a type of targets works here; NULL if one does. */
const char *attach__impossible(struct features *f, enum target_type type);
/* Chooses a mechanism for every target that has an id. `mechanism` is "auto" or forces a rung for
 * the targets that it is for. */
struct attach *attach__plan(struct targets *targets, struct features *f, const char *mechanism);
/* What the plan asks of a generation of objects: fills the fields of *p that follow from it, which
 * stay owned by the plan. */
void attach__params(const struct attach *a, struct object_params *p);

/* What the counts of an attached target leave open here; NULL: nothing. Of several mechanisms: */
#define ATTACH_STRAY_RETURN \
	"a return whose entry the kernel skipped may count as a call, with a wrong duration"
const char *attach__caveat(const struct attach *a, const struct attach_slot *slot);

/* Attaches the planned targets. Returns the number of targets that are attached or paused. Stops
 * early if the process is to end (base/progress.h). */
size_t attach__run(struct attach *a, struct object *obj);
void attach__free(struct attach *a); /* detaches; NULL is fine */

/* What the kernel has switched off (enum switch_bit). What needs it is not attached from then on,
 * but paused, with REASON_DISABLED. */
void attach__set_switched_off(struct attach *a, unsigned off);
/* Whether the kernel preempts itself now, and did not when the target's mechanism was chosen, so
 * that its counts are not exact any more. */
bool attach__is_outdated(const struct attach *a, uint32_t id);

/* Lets go of one target. Where its link holds others too, it keeps running, unseen, until the last
 * of them goes. */
void attach__detach(struct attach *a, uint32_t id);
/*
 * Lets go of targets for a while: their counts stay. What shares a link with one of them is let go
 * of for as long as it takes to attach it again without them, and goes on counting.
 */
void attach__pause(struct attach *a, const uint32_t *ids, size_t n);
/* Attaches paused targets again, which go on counting. One that the kernel refuses stays paused,
 * and has a new reason. */
void attach__resume(struct attach *a, const uint32_t *ids, size_t n);

/*
 * Files that are replaced while programs run them. A user function then has a former file, which
 * stays attached and counts as the new one does.
 *
 * NULL, or why target `id` cannot count in the file of `to`, which is the same function of another.
 */
const char *attach__cannot_follow(const struct attach *a, uint32_t id, const struct target *to);
/* Attaches n targets to the files of `to`, whose place they take over. What cannot be attached is
 * not attached then, and has a new reason. */
void attach__follow(struct attach *a, const uint32_t *ids, struct target *const *to, size_t n);
/* Former files of a target. */
size_t attach__count_former(const struct attach *a, uint32_t id);
/* One of the functions in the former file with the lowest descriptor above `after`; NULL: there is
 * no such file. */
const struct target *attach__next_former(const struct attach *a, int after);
void attach__let_go_former(struct attach *a, const struct opened_file *f);

const struct attach_slot *attach__slots(const struct attach *a, size_t *n); /* by target id */

/* Reads what the kernel counts by target. out: zeroed, by target id. */
void attach__count(struct attach *a, struct kernel_counts *out);

/* A mechanism in use, and what the kernel counts of its programs. At most ATTACH_MECHANISMS_MAX;
 * returns how many. */
#define ATTACH_MECHANISMS_MAX 16
struct attach_program_counts {
	const char *mechanism;
	bool shared;	  /* the kernel counts missed calls for all targets together only */
	bool skips_twice; /* see attach_ops; missed[MISSED_RECURSION] then has the skipped runs */
	enum rp_entered entered;
	uint64_t run_ns, runs;
	uint32_t reasons; /* bit r: reason r can be in missed */
	uint64_t missed[MISSED_MAX];
};
size_t attach__count_programs(struct attach *a, struct attach_program_counts *out);

extern const struct attach_ops attach_fsession_multi, attach_fsession, attach_fexit,
	attach_kprobe_session, attach_kprobe_multi, attach_kretprobe, attach_tracepoint,
	attach_uprobe_session, attach_uprobe_multi, attach_uretprobe, attach_uprobe_ret;

/* For mechanisms: the target is refused by the kernel. err: the errno, 0 if there is none. `why` is
 * taken over. */
void attach__refuse(struct attach_slot *slot, int err, char *why);
/* The same of slots of one mechanism, for an errno of the kernel that says all there is to say. */
void attach__refused(struct attach_slot **slots, size_t n, enum attempt at, int err);
/* Whether a batch that the kernel refuses with an errno may have a target that is at fault; else no
 * part of the batch would fare better. */
bool attach__may_be_of_one(int err);
/* Puts the slots whose probes have notes behind the others; returns how many the others are. */
size_t attach__split(struct attach_slot **slots, size_t n);
/* What programs must know of a target; borrowed from it. */
struct program_site attach__site(const struct target *t);
/* Likewise for uprobe.ret's. */
struct program_site attach__ret_site(const struct target *t);
/* Of a system call, what they must know of it in 32-bit programs. */
uint64_t attach__compat_spec(const struct target *t);

#endif /* ATTACH_ATTACH_H */
