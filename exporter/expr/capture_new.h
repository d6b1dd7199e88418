/* SPDX-License-Identifier: GPL-2.0-only */
/* Compiles what a probe, or a point of a span, captures. */
#pragma once

#include "expr/capture.h"
#include "expr/scope.h"

/* Compiles the settings of a target. scope has its result; error: which results are errors. *out is
 * NULL if the BPF program need not capture anything. 0, or -EINVAL with *why (to be freed) and *pos
 * (borrowed): an expression does not suit the function. */
int capture_spec__new(const struct probe_settings *settings, const struct expr_scope *scope,
		      const struct result_test *error, struct capture_spec **out,
		      const struct source_pos **pos, char **why);
/* The same for a point of a span. A begin has the labels, an end the outcome. */
int capture_spec__of_point(const struct probe_settings *settings, const struct span_point *point,
			   const struct expr_scope *scope, struct capture_spec **out,
			   const struct source_pos **pos, char **why);
