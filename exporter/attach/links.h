/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Links that hold many functions. A function cannot be taken out of one: it is let go of when the
 * last of its link's functions is. Until then its programs still run, and nobody looks at its
 * cells.
 */
#ifndef ATTACH_LINKS_H
#define ATTACH_LINKS_H

#include "attach/attach.h"

/* A link, or a pair of them: one for entries and one for returns. */
struct many_link {
	int entry, leave; /* entry: -1 if there is one for both */
	size_t live;	  /* slots that it holds */
};

/* An attach_context's shared state. */
struct many_links {
	struct many_link **v;
	size_t n;
	uint64_t missed; /* of those that are closed */
};

int many_links__open(struct attach_context *c); /* as attach_ops.open, .close, .detach */
void many_links__close(struct attach_context *c);
void many_links__detach(struct attach_context *c, struct attach_slot **slots, size_t n);

/* Takes the descriptors over; the slots are attached from now on. */
void many_links__add(struct attach_context *c, int entry, int leave, struct attach_slot **slots,
		     size_t n);
/* Calls that the kernel had no return slot for. */
uint64_t many_links__missed(const struct attach_context *c);

#endif /* ATTACH_LINKS_H */
