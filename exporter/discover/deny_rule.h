/* SPDX-License-Identifier: GPL-2.0-only */
/* A list of names that must not be probed. */
#pragma once

#include "base/util.h"

/* The first matching rule decides. A rule without a reason is an exception from the rules below it.
 */
struct deny_rule {
	const char *glob;
	const char *why;
};

/* The reason why name is denied; NULL: it is allowed. */
const char *deny_rule__find(const struct deny_rule *rules, size_t n, const char *name);
