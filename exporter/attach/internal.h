/* SPDX-License-Identifier: GPL-2.0-only */
/* What the planning and the doing of attachment share; nobody else includes this. */
#ifndef ATTACH_INTERNAL_H
#define ATTACH_INTERNAL_H

#include "attach/tasks.h"

#define RUNGS 11 /* attach/plan.c checks */

/* A mechanism that some targets use. */
struct group {
	const struct attach_ops *ops;
	struct attach_context context;
	struct attach_slot **slots;
	size_t n, room;
	bool open, was_open;
};

/* What is attached to a former file. Settings and extra are those of the slot that it was. */
struct former {
	struct attach_slot slot;
	struct target *target;
};

struct attach {
	const struct target_extra **extras; /* by index */
	uint32_t nextras;
	struct attach_slot *slots; /* by target id */
	size_t n;
	struct features *features;
	const char *mechanism; /* the config's */
	bool unpreempted;      /* the kernel did not preempt itself when it was planned */
	unsigned off;	       /* enum switch_bit: what has been switched off */
	struct group groups[RUNGS];
	size_t ngroups;
	size_t count[TARGET_USER + 1]; /* targets by type */
	size_t in_modules;	       /* those of kernel functions that are modules' */
	struct rp_addr *sites;
	size_t nsites;
	struct rp_exit *exits;
	size_t nexits;
	struct task_watch forks; /* for return probes on user functions */
	bool watches_forks;
	struct former **former;
	size_t nformer;
};

/* ---- attach/probe_check.c ---- */

struct mapped_object {
	const struct opened_file *file;
	void *start; /* MAP_FAILED: it could not be mapped */
	size_t size;
};

struct mapped_objects {
	struct mapped_object *v;
	size_t n;
};

/* The files of a group's user functions, for as long as these are attached; none of others. */
void attach__map_objects(const struct group *g, struct mapped_objects *out);
void attach__unmap_objects(struct mapped_objects *m);
/* Lets go of the functions whose files were written to since they were read: what was attached to
 * may be in the middle of an instruction. */
void attach__drop_changed(struct group *g, struct attach_slot **slots, size_t n);

/* ---- attach/attach.c ---- */

/* A function of attach_ops, for some slots at a time. */
void attach__in_batches(struct group *g, struct attach_slot **slots, size_t n,
			void (*act)(struct attach_context *c, struct attach_slot **slots,
				    size_t n));
/* Detaches targets of a group, and what of it was never attached leaves it, too. */
void attach__take_out(struct group *g, struct attach_slot **slots, size_t n);

/* ---- attach/former.c ---- */

/* Lets go of all former files of a target. */
void attach__forget_former(struct attach *a, uint32_t id);
/* Frees what is not attached any more. */
void attach__free_former(struct attach *a);

/* ---- attach/plan.c ---- */

extern const struct attach_ops *const ladder[]; /* from top to bottom */

/* Gives the slot the first rung below `after` (NULL: of all) that can have its target; if there is
 * none, ->ops is NULL, and the target has a reason. */
void attach__choose(struct attach *a, struct attach_slot *slot, const struct attach_ops *after);
/* A rung's group, a new one if there is none. */
struct group *attach__group_of(struct attach *a, const struct attach_ops *ops);
/* Puts the slot into the group of the rung that was chosen for it. */
void attach__add_to_group(struct attach *a, struct attach_slot *slot);
/* Why the slot's rung is not for a target; NULL if it is. */
const char *attach__objection(const struct attach *a, const struct attach_slot *slot,
			      const struct target *t);
/* Puts a slot behind the others. */
void group__add(struct group *g, struct attach_slot *slot);

#endif /* ATTACH_INTERNAL_H */
