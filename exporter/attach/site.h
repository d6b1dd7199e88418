/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs at a target need to know about it. Strings are borrowed from the target. */
#pragma once

#include "discover/target.h"
#include "object/programs.h"

struct program_site site__of(const struct target *t);
/* The same for the programs of uprobe.ret. */
struct program_site site__of_exits(const struct target *t);
/* The jumps that may leave a user function, for the programs of uprobe.ret. Returns their number;
 * out has room for them, or is NULL. */
size_t site__jumps(const struct target *t, struct rp_exit *out);
/* The descriptor of a system call for 32-bit programs. */
uint64_t site__compat_spec(const struct target *t);
/* Whether a call may return on another thread: it is then known by its process. */
bool site__is_by_process(const struct target *t);
