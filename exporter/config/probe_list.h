/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "config/pattern.h"
#include "config/settings.h"
#include "files/selection.h"

/*
 * Patterns with common settings: the command line, the bare strings of a `probes:` or `presets:`,
 * or another element of `probes:`. A `!` pattern applies within its list.
 */
struct probe_list {
	struct pattern *patterns;
	size_t npatterns;
	char *module;		  /* of `module:`, which is in the patterns, too; NULL: none */
	struct selection *select; /* of `user:`, for files that are selected by what they are; NULL:
				   * none */
	struct probe_settings settings;
	struct source_pos pos;
	bool builtin; /* from a preset: a missing function is no error, and the user's own lists
		       * take precedence */
	bool bare;    /* PROBEs of the command line or strings of a file: their exclusions apply to
		       * presets, too */
};

/* Whether every pattern of the list excludes. */
bool probe_list__only_excludes(const struct probe_list *list);
bool probe_list__same(const struct probe_list *a, const struct probe_list *b);
void probe_list__free(struct probe_list *list); /* what is in it */
