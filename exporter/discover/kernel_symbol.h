/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a kernel function may be probed, and its type. */
#pragma once

#include "discover/sources.h"
#include "discover/target.h"

/* REASON_NONE, or *why (static) it is denied. only_entry: its return is not probed. */
enum target_reason kernel_symbol__verdict(const struct symbols *s, const struct ksym *sym,
					  bool only_entry, const char **why);
/* Sets the type of t, which is that function, if BTF has it. Requires s->symbols. */
void kernel_symbol__type(struct sources *s, const struct ksym *sym, struct target *t);
