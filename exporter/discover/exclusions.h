/* SPDX-License-Identifier: GPL-2.0-only */
/* Exclusions of the configuration: "!vfs_readv". */
#pragma once

#include "discover/request.h"

struct exclusions {
	const struct config *config;
	const struct pattern **used; /* exclusions that have matched */
	size_t nused;
};

/* Whether the request's own list excludes the function, or the user has excluded it from presets.
 */
bool exclusions__match(struct exclusions *e, const struct request *r, const char *object,
		       const char *function);
/* Warns about exclusions from presets that have matched nothing. */
void exclusions__warn_unused(const struct exclusions *e);
void exclusions__free(struct exclusions *e);
