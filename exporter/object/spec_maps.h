/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps that tell programs with captures their capture spec: each has one as its only element.
 * They are frozen, so the verifier takes the spec for a constant (kernel commit a23740ec43ba).
 */
#pragma once

#include "base/util.h"
#include "bpf/abi.h"

struct bpf_insn;
struct capture_spec; /* expr/capture.h */

struct spec_maps {
	int stand_in; /* what the programs refer to as they are in the object */
	bool atomics; /* the kernel has them */
	int *fds;     /* by index of the spec: by enum rp_typed; 0: not made yet */
	size_t n;
};

void spec_maps__init(struct spec_maps *m, size_t n, bool atomics);
void spec_maps__free(struct spec_maps *m);
/* What the map of a spec has. */
struct rp_capture_spec spec_maps__spec(const struct spec_maps *m, const struct capture_spec *x,
				       enum rp_typed typed);
/* Lets the code refer to the map of this spec. Its descriptor, or a negative errno. */
int spec_maps__fill(struct spec_maps *m, struct bpf_insn *code, size_t n,
		    const struct capture_spec *x, enum rp_typed typed);
