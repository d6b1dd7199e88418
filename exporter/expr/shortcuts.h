/* SPDX-License-Identifier: GPL-2.0-only */
/* What a capture spec does without: its programs then take a shorter way. */
#pragma once

#include "bpf/abi.h"
#include "base/util.h"

/* Sets may_fail and sets_only. plain: no histogram and no values are counted with the results. */
void shortcuts__set(struct rp_capture_spec *k, bool plain);
/* Whether all numbers in arguments are in the kernel's memory, and no callers are read, which takes
 * another way. The verifier decides the rest (bpf/typed.bpf.h). */
bool shortcuts__may_be_typed(const struct rp_capture_spec *k);
