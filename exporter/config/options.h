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
	bool of_top;   /* has no effect elsewhere */
	bool optional; /* the argument may be left out, so it is taken by '=' only */
	const char *help;
	const char *const *one_of; /* values that --help lists after that; ends with NULL */
	/* 0, or -EINVAL and *why. value is NULL if it was left out. */
	int (*set)(struct loader *l, const char *value, char **why);
	/* Without set(), a setting in struct config: a text, or an index of one_of. */
	size_t setting; /* offset */
	bool is_text;
	int (*check)(const char *value, char **why); /* or NULL */
	size_t flag; /* of a switch: offset of its bool in struct loader */
};

void options__print_help(FILE *out);
int option__set(const struct option *o, struct loader *l, const char *value, char **why);

#define MAX_OPTIONS 32
extern const struct option options[]; /* in --help's order; ends with a NULL name */
