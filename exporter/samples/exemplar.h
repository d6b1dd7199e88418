/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exemplars: samples by the bucket of a histogram that they fell into. A number in a histogram then
 * leads to a call in /api/v1/samples.
 *
 * The attacher writes those of the samples that it keeps after the updates of label sets; the
 * server reads them.
 */
#pragma once

#include "base/image.h"
#include "bpf/abi.h"

#define EXEMPLAR_NO_SET UINT32_MAX

struct exemplar {
	uint32_t generation; /* index in the server's table */
	uint32_t id;	     /* of the target */
	uint32_t set;	     /* slot of the label set; EXEMPLAR_NO_SET: none */
	uint32_t bin;	     /* set by exemplars__sort() */
	uint64_t number;     /* of the sample */
	uint64_t ns;	     /* its duration */
	double time;	     /* of its return, seconds since the epoch */
	uint32_t pid;
	char comm[RP_COMM_SIZE];
	uint32_t pad;
};

/* Reads or writes n of them. */
void exemplars__image(struct image *io, struct exemplar **v, size_t *n);

/* Orders them by generation, id, set and bin, and keeps the newest of each bin. Returns their
 * number. */
struct histogram_layout;
size_t exemplars__sort(struct exemplar *v, size_t n, const struct histogram_layout *layout);
/* Those of a target, or of one of its series (any_set: of all). Points into v; their number in *n.
 */
const struct exemplar *exemplars__of_target(const struct exemplar *v, size_t total,
					    uint32_t generation, uint32_t id, size_t *n);
const struct exemplar *exemplars__of_set(const struct exemplar *v, size_t total, uint32_t set,
					 size_t *n);
