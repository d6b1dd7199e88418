/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What samples show of their calls: expressions over parameters, which the BPF program reads at the
 * entry and keeps until the return, and over the result, which a sample has anyway.
 */
#pragma once

#include "expr/capture.h"
#include "expr/scope.h"

/* Compiles an expression and adds it to x. scope: of the entry. 0, or -EINVAL with *why. */
int shown__add(struct capture_spec *x, const struct expr_scope *scope,
	       const struct expression *setting, char **why);
/* The values that a sample has, as a key of labels. */
struct rp_label_key shown__key(const struct rp_shown *shown);
/* The number of a LABEL_RESULT. ret: the result register. */
uint64_t shown__of_result(const struct capture_label *label, uint64_t ret);
