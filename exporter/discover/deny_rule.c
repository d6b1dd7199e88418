/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/deny_rule.h"

#include <fnmatch.h>

/* Most names differ in the first letters, so fnmatch(3) is rarely needed. */
static bool matches(const char *glob, const char *name)
{
	size_t literal;

	if (*glob != *name && *glob != '*')
		return false;
	literal = strcspn(glob, "*");
	if (strncmp(glob, name, literal))
		return false;
	if (!glob[literal])
		return !name[literal];
	return !glob[literal + 1] || !fnmatch(glob, name, 0);
}

const char *deny_rule__find(const struct deny_rule *rules, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (matches(rules[i].glob, name))
			return rules[i].why;
	}
	return NULL;
}
