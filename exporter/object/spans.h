/* SPDX-License-Identifier: GPL-2.0-only */
/* The running ones of a span: two maps for its programs (bpf/running.bpf.h). */
#pragma once

#include "object/object.h"

struct rp_span_slot;

struct running_spans {
	int hash, slots; /* maps; slots 0: it has none */
	int scan;	/* an iterator through the hash, or a negative errno: the kernel has none */
	uint32_t words; /* of a key */
	uint32_t nslots;
	const volatile struct rp_span_slot *mapped;
};
#define RUNNING_SPANS_NONE ((struct running_spans){ .hash = -1, .scan = -ENOENT })

/* For at most n, whose keys have so many words. nslots: a power of two below n, or 0. 0; or a
 * negative errno, and *out is to be freed as well. */
int running_spans__new(struct object *o, uint32_t words, uint32_t n, uint32_t nslots,
		       struct running_spans *out);
void running_spans__free(struct running_spans *s);
/* How many there are. Values are not read, as that would make the kernel skip programs. */
uint64_t running_spans__count(const struct running_spans *s);
/* The same, and when the oldest began (ns; 0: none). 0, or a negative errno: the kernel cannot walk
 * through them. */
int running_spans__scan(struct object *o, const struct running_spans *s, uint64_t *running,
			uint64_t *oldest);
