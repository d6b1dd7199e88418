/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of the command line's options. */
#pragma once

#include "config/loader.h"

struct option {
	const char *name;
	char letter;
	const char *argument; /* its name in --help; NULL: a switch, which has --no-NAME, too */
	const char *fallback; /* the default, as text */
	bool repeatable;
	bool optional; /* the argument may be left out, so it is taken by '=' only */
	const char *help;
	const char *const *one_of; /* values that --help lists after that; ends with NULL */
	/* 0, or -EINVAL and *why. value is NULL if it was left out. */
	int (*set)(struct loader *l, const char *value, char **why);
	size_t flag; /* of a switch: offset of its bool in struct loader */
};

#define MAX_OPTIONS 32
extern const struct option options[]; /* in --help's order; ends with a NULL name */
