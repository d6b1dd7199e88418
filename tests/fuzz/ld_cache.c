/* SPDX-License-Identifier: GPL-2.0-only */
/* The dynamic linker's cache. */
#include "files/ld_cache.h"
#include "fuzz.h"

static bool check_row(void *ctx, const char *name, const char *path)
{
	size_t *n = ctx;

	fuzz__check(strlen(name) < 4096 && strlen(path) < 4096 && path[0] == '/');
	return ++*n < 10000;
}

void fuzz__input(const char *data, size_t len)
{
	__cleanup_free char *copy = fuzz__copy(data, len);
	size_t n = 0;

	ld_cache__list(copy, len, check_row, &n);
}
