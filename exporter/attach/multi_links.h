/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Multi links: each holds several functions. A function cannot be removed from a link. It is
 * detached together with the last function of its link. Until then its programs still run, and its
 * counters are ignored.
 */
#pragma once

#include "attach/mechanism.h"
#include "attach/slot.h"
#include "kernel/bpf_sys.h"

/* A link, or a pair of them: one for entries and one for returns. */
struct multi_link {
	int entry, leave; /* entry: -1 if there is none */
	size_t live;	  /* attached slots */
};

/* The mechanism's shared state, attach_context.shared. */
struct multi_links {
	struct multi_link **v;
	size_t n;
	uint64_t missed; /* of those that are closed */
};

/* The links of a mechanism. */
struct multi_kind {
	enum bpf_sys_attach type;
	int entry, leave; /* enum program_id; entry -1: leave is for both */
	int count;	  /* likewise for the returns of targets without durations; -1: none */
	/* Links a program to n functions. A descriptor or a negative errno. */
	int (*link)(struct attach_context *c, enum bpf_sys_attach type, int prog,
		    struct attach_slot **slots, size_t n, bool is_return);
};

/* The part of an attach_ops that mechanisms with such links share. */
#define MULTI_LINKS(kind)                                                  \
	.multi = &(kind), .shares_links = true, .open = multi_links__open, \
	.close = multi_links__close, .attach = multi_links__attach, .detach = multi_links__detach
int multi_links__open(struct attach_context *c);
void multi_links__close(struct attach_context *c);
void multi_links__attach(struct attach_context *c, struct attach_slot **slots, size_t n);
void multi_links__detach(struct attach_context *c, struct attach_slot *slot);

/* Calls for which the kernel had no free return slot. */
uint64_t multi_links__missed(const struct attach_context *c);
