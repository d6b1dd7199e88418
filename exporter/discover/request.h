/* SPDX-License-Identifier: GPL-2.0-only */
/* A pattern of the configuration that is being resolved, and its list. */
#pragma once

#include "config/config.h"

struct request {
	const struct probe_list *list;
	const struct pattern *pattern;
};

/* Whether name is a clone of the whole function: "f.isra.0" of "f". */
bool request__is_clone(const char *name, const char *function);
/* The functions of the pattern as written: "a|b". To be freed. */
char *request__written(const struct pattern *p);
/* The same for messages: "a, b or c". To be freed. */
char *request__in_words(const struct pattern *p);
