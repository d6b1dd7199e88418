/* SPDX-License-Identifier: GPL-2.0-only */
#include "cgroupfs.h"

#include <linux/magic.h>
#include <sys/vfs.h>

bool cgroupfs__is_v2(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Spaces and the like are \OOO there. In place. */
static char *unescape(char *s)
{
	char *to = s;
	unsigned c;

	for (const char *from = s; *from;) {
		if (sscanf(from, "\\%3o", &c) == 1) {
			*to++ = (char)c;
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return s;
}

char *cgroupfs__find(FILE *mountinfo, bool (*is_v2)(const char *path))
{
	__cleanup_free char *line = NULL;
	char *found = NULL;
	size_t size = 0;

	while (getline(&line, &size, mountinfo) > 0) {
		__cleanup_free char *root = NULL, *point = NULL;
		bool whole;

		/* "36 35 98:0 ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE OPTIONS" */
		if (!strstr(line, " - cgroup2 ") ||
		    sscanf(line, "%*s %*s %*s %ms %ms", &root, &point) != 2)
			continue;
		whole = !strcmp(root, "/");
		/* Something else may be mounted over it. */
		if ((found && !whole) || !is_v2(unescape(point)))
			continue;
		free(found);
		found = take_ptr(point);
		if (whole)
			break;
	}
	return found;
}

char *cgroupfs__mount_point(void)
{
	__cleanup_fclose FILE *f = fopen("/proc/self/mountinfo", "re");

	return f ? cgroupfs__find(f, cgroupfs__is_v2) : NULL;
}
