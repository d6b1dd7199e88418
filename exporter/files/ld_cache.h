/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cache of the dynamic linker, /etc/ld.so.cache: names and paths of libraries. A container
 * controls its own cache, so parse it in a confined child.
 */
#pragma once

#include "base/util.h"

/* Calls each() for every library of this machine's architecture, until it returns false. -EINVAL:
 * not such a cache. */
int ld_cache__list(const void *data, size_t len,
		   bool (*each)(void *ctx, const char *name, const char *path), void *ctx);
