/* SPDX-License-Identifier: GPL-2.0-only */
/* Labels without an expression. */
#pragma once

#include "config/config.h"
#include "config/named_label.h"
#include "expr/compiled.h"
#include "expr/scope.h"

/* The one that a label is; NULL: it has an expression. */
const struct named_label *named__of(const struct expr_scope *s, const struct expression *setting);
/* 0, or -EINVAL with *why (to be freed): the function cannot have it. */
int named__compile(const struct named_label *label, const struct expr_scope *s, struct expr *out,
		   char **why);
