/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/mapped.h"

char *mapped__file(const void *address, uint64_t *offset)
{
	unsigned long here = (unsigned long)address, start, end, at;
	__cleanup_fclose FILE *f = fopen("/proc/self/maps", "re");
	char line[4400], *path;

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		path = strchr(line, '/');
		if (!path || sscanf(line, "%lx-%lx %*s %lx", &start, &end, &at) != 3 ||
		    here < start || here >= end)
			continue;
		*offset = at + (here - start);
		return xstrdup(path);
	}
	return NULL;
}
