/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel functions and system calls that are never probed, although the kernel may allow it. */
#pragma once

#include "base/util.h"

/* The first matching rule decides. A rule without a reason is an exception from the rules below it.
 */
struct deny_rule {
	const char *glob;
	const char *why;
};

/* The reason why name is denied by n rules; NULL: it is allowed. */
const char *denylist__find(const struct deny_rule *rules, size_t n, const char *name);

/* Why the function is denied ("it never returns"); NULL: it is allowed. Static. */
const char *denylist__kernel(const char *function);
/* Whether that reason is only against a return probe. */
bool denylist__allows_entry(const char *why);
const char *denylist__syscall(const char *name);
