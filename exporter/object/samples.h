/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring buffer with samples of calls (bpf/samples.bpf.h). Only the attacher maps it. Its first
 * page tells the kernel how far it has been read, and older kernels trust that page more than they
 * should (CVE-2024-41009): no process without privileges gets it.
 */
#pragma once

#include "base/util.h"
#include "bpf/samples.h"

struct object;

/* Whether some probe is sampled. */
bool object_samples__are_taken(const struct object *o);
/* Passes on the samples that are there now, the oldest first, and makes room for others. A sample
 * is valid during the call, for its len bytes (RP_SAMPLE_SIZE). */
void object_samples__take(struct object *o,
			  void (*found)(void *ctx, const struct rp_sample *s, size_t len),
			  void *ctx);
/* For object/maps.c: 0 or a negative errno. */
int object_samples__map(struct object *o);
