/* SPDX-License-Identifier: GPL-2.0-only */
/* A temporary directory for a test, removed with all files in it. */
#pragma once

#include <dirent.h>

#include "base/util.h"

static inline char *temp_dir__new(void)
{
	const char *top = getenv("TMPDIR");
	char *path = xasprintf("%s/retprobe-unit-XXXXXX", top ? top : "/tmp");

	assert_non_null(mkdtemp(path));
	return path;
}

static inline void temp_dir__write(const char *dir, const char *name, const void *data, size_t len)
{
	__cleanup_free char *path = xasprintf("%s/%s", dir, name);
	__cleanup_fclose FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
}

static inline void temp_dir__remove(char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		__cleanup_free char *path = xasprintf("%s/%s", dir, entry->d_name);

		if (entry->d_name[0] != '.')
			unlink(path);
	}
	closedir(d);
	rmdir(dir);
	free(dir);
}
