/* SPDX-License-Identifier: GPL-2.0-only */
/* The attachment of one target: its mechanism, and its state. */
#pragma once

#include "kernel/advice.h"
#include "discover/target.h"

struct attach_ops;

struct attach_slot {
	struct target *target;
	const struct attach_ops *ops; /* the chosen mechanism; NULL: none supports the target */
	bool attached;
	bool lacks_files;    /* refused for lack of descriptors */
	bool paused;	     /* detached for now; keeps its counts */
	bool former;	     /* of a file that was replaced (attach/former.h) */
	unsigned rounds;     /* how often it was attached again */
	double created;	     /* seconds since the epoch; from then on every call counts */
	void *state;	     /* the mechanism's own */
	uint64_t abandoned;  /* of a span: those that ran when it was detached */
	size_t told;	     /* files that were left out when the log had them last */
	uint32_t first_exit; /* index of its first jump in object_params.exits */
};

/* Marks n targets as attached from now on, with this state. */
void slot__set_attached(struct attach_slot **slots, size_t n, void *state);
/* Marks the target as refused. err: a negative errno, or 0. Takes ownership of why. */
void slot__refuse(struct attach_slot *slot, int err, char *why);
/* The same for n slots of one mechanism; why follows from the attempt and the errno. */
void slot__refuse_all(struct attach_slot **slots, size_t n, enum attempt at, int err);
