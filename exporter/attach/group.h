/* SPDX-License-Identifier: GPL-2.0-only */
/* The targets of one mechanism. */
#pragma once

#include "attach/mechanism.h"
#include "attach/mechanisms.h"
#include "attach/slot.h"

struct group {
	const struct attach_ops *ops;
	struct attach_context context;
	struct attach_slot **slots;
	size_t n, room;
	bool open, was_open; /* attach_ops.open */
};

struct groups {
	struct group v[MECHANISMS];
	size_t n;
};

/* The group of a mechanism; adds it if it is new. */
struct group *groups__of(struct groups *gs, const struct attach_ops *ops, struct features *f);
void group__add(struct group *g, struct attach_slot *slot);

/* 0, or a negative errno; then all of the group's targets are refused. */
int group__open(struct group *g);
/* Detaches all targets and releases what they share; nothing if it is not open. */
void group__close(struct group *g);

/* Attaches some of its targets. */
void group__attach(struct group *g, struct attach_slot **slots, size_t n);
/* Detaches the functions whose files were written to since they were read: their probes may be
 * inside an instruction. */
void group__drop_changed(struct group *g, struct attach_slot **slots, size_t n);
/* Detaches those of some targets that are attached. */
void group__detach(struct group *g, struct attach_slot **slots, size_t n);
/* Detaches some of its targets, and removes all that are not attached from the group. */
void group__take_out(struct group *g, struct attach_slot **slots, size_t n);
